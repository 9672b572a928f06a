// Why a run ended, with what is known of it: the last sign of life, the last lines, the stack.

import { fetchConsole } from "../api/client";
import type { RunAnswer } from "../api/types";
import { formatDate } from "../format";
import { plain } from "./ansi";
import { causeOf, evidenceOf, type Evidence } from "./meta";
import { useFetched } from "./useFetched";

/** Lines of the console that are shown where the run brought none of its own. */
const LAST_LINES = 5;

export function Cause({ answer: { run, version } }: { answer: RunAnswer }) {
  const cause = run.status === "COMPLETED" ? run.cause : causeOf(run);
  if (!cause) return null;
  const evidence = evidenceOf(run.statusMetadata);
  return (
    <div class="cause" role="note">
      <p>
        <b>{run.status === "RUNNING" ? "Note" : "Why it ended"}:</b> {cause}
      </p>
      <LastSign evidence={evidence} />
      {run.status === "FAILED" &&
        (evidence.lastLines.length ? <LastLines lines={evidence.lastLines} /> : <FetchedLines run={run.id} version={version} />)}
      {evidence.trace && (
        <details>
          <summary>Stack</summary>
          <pre>{evidence.trace}</pre>
        </details>
      )}
    </div>
  );
}

function LastSign({ evidence: { lastSign, host } }: { evidence: Evidence }) {
  if (lastSign === null) return null;
  return (
    <p class="muted number">
      last sign of life {formatDate(lastSign)}
      {host && ` on ${host}`}
    </p>
  );
}

/** The banner says enough without them: an error is the console tab's to tell. */
function FetchedLines({ run, version }: { run: number; version: number }) {
  const { data } = useFetched(() => fetchConsole(run, { last: LAST_LINES }), [run, version]);
  return data?.lines.length ? <LastLines lines={data.lines.map((line) => line.text)} /> : null;
}

function LastLines({ lines }: { lines: readonly string[] }) {
  return (
    <figure>
      <figcaption class="muted">{lines.length === 1 ? "last line" : `last ${lines.length} lines`} of the console</figcaption>
      <pre>{lines.map(plain).join("\n")}</pre>
    </figure>
  );
}
