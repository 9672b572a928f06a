// Why a run ended, with what is known of it: the last sign of life, the last lines, the stack.

import { fetchConsole } from "../api/client";
import type { RunAnswer } from "../api/types";
import { formatDate, toNumber } from "../format";
import { setQuery } from "../state/route";
import { plain } from "./ansi";
import { endingOf } from "./machines";
import { causeOf, evidenceOf, type Evidence } from "./meta";
import { useFetched } from "./useFetched";

/** Lines of the console that are shown where the run brought none of its own. */
const LAST_LINES = 5;
/** A run of many GPUs has more readings than fit a banner. */
const MOST_ENDINGS = 8;

/** So many ms before the end are shown by the link to the machine. */
const BEFORE_THE_END = 300_000;

export function Cause({ answer: { run, names, version } }: { answer: RunAnswer }) {
  const cause = run.status === "COMPLETED" ? run.cause : causeOf(run);
  if (!cause) return null;
  const evidence = evidenceOf(run.statusMetadata);
  return (
    <div class="cause" role="note">
      <p>
        <b>{run.status === "RUNNING" ? "Note" : "Why it ended"}:</b> {cause}
      </p>
      <LastSign evidence={evidence} />
      {run.status !== "RUNNING" && run.status !== "COMPLETED" && <Ending run={run} names={names} />}
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

/** Memory and GPUs at the last sample, and the way to the minutes before. */
function Ending({ run, names }: Pick<RunAnswer, "run" | "names">) {
  const known = names.map(({ name, last }) => ({ name, last: toNumber(last) }));
  const ending = endingOf(known, run.systemMetadata);
  if (!ending.length) return null;
  const from = Math.max(0, run.durationMs - BEFORE_THE_END);
  const show = () => setQuery({ tab: "system", x: "", mark: "", tmark: "", tzoom: `${from}:${Math.max(run.durationMs, from + 1)}` });
  return (
    <p class="ending" data-testid="ending">
      <b>At the end:</b>{" "}
      {ending.slice(0, MOST_ENDINGS).map(({ what, value }) => (
        <span key={what} class="number">
          {what} {value}
        </span>
      ))}
      {ending.length > MOST_ENDINGS && <span>and {ending.length - MOST_ENDINGS} more</span>}
      <button type="button" class="link" onClick={show}>
        the minutes before
      </button>
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
