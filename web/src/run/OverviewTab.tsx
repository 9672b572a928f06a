// What a run was, where it ran, and where it ended up.

import type { ComponentChildren } from "preact";
import type { RunAnswer, StatusChange } from "../api/types";
import { formatCount, formatDate, toNumber } from "../format";
import { KeyValues } from "../parts/KeyValues";
import { Snippet } from "../parts/states";
import { metricOrder } from "../runs/columns";
import { Life } from "./Life";
import { factsOf, flatten, reportedCause } from "./meta";

export function OverviewTab({ answer: { run, names } }: { answer: RunAnswer }) {
  const facts = factsOf(run.systemMetadata);
  const last = names
    .filter((info) => info.type === "METRIC" && !info.name.startsWith("sys/"))
    .sort((a, b) => metricOrder(a.name, b.name))
    .map((info) => [info.name, toNumber(info.last)] as const);
  const about: [string, unknown][] = [
    ["run id", String(run.id)],
    ["display id", run.displayId === run.name ? null : run.displayId],
    ["external id", run.externalId],
    ["created", formatDate(run.createdAt)],
    ["last news", formatDate(run.updatedAt)],
    ["host", facts.host],
    ["user", facts.user],
    ["python", facts.python],
    ["commit", facts.commit],
    ["url", run.url],
  ];
  const details = flatten(run.statusMetadata);
  return (
    <div class="columns-page" data-testid="overview">
      {facts.command && <Command title="Command" code={facts.command} />}
      {run.syncCommand && (
        <Command title={run.unsent > 0 ? "Send the rest" : "Send it to a server"} code={run.syncCommand}>
          {run.unsent > 0 ? `${formatCount(run.unsent)} rows have not reached the server that has this run.` : "This run is on this disk only."} To choose the server, add <code>--url</code> or log in first with <code>pluto login</code>.
        </Command>
      )}
      <Life run={run} />
      <KeyValues title="Last values" rows={last} none="No metrics yet." testId="last-values" />
      <KeyValues title="Run" rows={about.filter(([, value]) => value !== null)} none="" />
      {details.length > 0 && <KeyValues title="Status details" rows={details} none="" />}
      <History changes={run.statusHistory} />
    </div>
  );
}

function Command({ title, code, children }: { title: string; code: string; children?: ComponentChildren }) {
  return (
    <section class="command">
      <h2>{title}</h2>
      {children && <p class="muted">{children}</p>}
      <Snippet code={code} />
    </section>
  );
}

function History({ changes }: { changes: readonly StatusChange[] }) {
  if (!changes.length) return null;
  return (
    <section>
      <h2>Status history</h2>
      <ol class="history number">
        {changes.map((change, index) => (
          <li key={index}>
            <time>{formatDate(new Date(change.createdAt).getTime())}</time> {change.from?.toLowerCase() ?? "new"} →{" "}
            <b>{change.to.toLowerCase()}</b> {change.to === "RUNNING" && index > 0 && "again "}
            <span class="muted">{change.source}</span>
            {reportedCause(change.metadata) && <span> · {reportedCause(change.metadata)}</span>}
          </li>
        ))}
      </ol>
    </section>
  );
}
