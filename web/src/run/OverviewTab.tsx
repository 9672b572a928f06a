// What a run was, where it ran, and where it ended up.

import type { RunAnswer, StatusChange } from "../api/types";
import { formatDate, toNumber } from "../format";
import { KeyValues } from "../parts/KeyValues";
import { CopyButton } from "../parts/states";
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
  return (
    <div class="columns-page" data-testid="overview">
      {facts.command && (
        <section class="command">
          <h2>Command</h2>
          <div class="snippet">
            <pre>
              <code>{facts.command}</code>
            </pre>
            <CopyButton text={facts.command} />
          </div>
        </section>
      )}
      <Life run={run} />
      <KeyValues title="Last values" rows={last} none="No metrics yet." testId="last-values" />
      <KeyValues title="Run" rows={about.filter(([, value]) => value !== null)} none="" />
      <KeyValues title="Status details" rows={flatten(run.statusMetadata)} none="Nothing was reported." />
      <History changes={run.statusHistory} />
    </div>
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
            <b>{change.to.toLowerCase()}</b> <span class="muted">{change.source}</span>
            {reportedCause(change.metadata) && <span> · {reportedCause(change.metadata)}</span>}
          </li>
        ))}
      </ol>
    </section>
  );
}
