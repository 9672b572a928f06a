// One text looked for in the consoles of all listed runs.

import { useState } from "preact/hooks";
import { searchConsoles } from "../api/client";
import type { FoundInRun, Run } from "../api/types";
import { formatCount } from "../format";
import { SearchField } from "../parts/SearchField";
import { Empty, ErrorPanel } from "../parts/states";
import { Line } from "../run/ConsoleLines";
import { StatusSign } from "../runs/Status";
import { Dot } from "../runs/Swatch";
import { runsById } from "../state/catalog";
import { followLink, hrefWith } from "../state/route";
import { listedRuns } from "../state/selection";
import { consoleSearch } from "../state/view";
import "../style/search.css";
import { useInPieces, type Findings } from "./inPieces";


/** Typing pauses this long before the server searches. */
const PAUSE = 400;

export function SearchPage() {
  const text = consoleSearch.value.trim();
  const ids = listedRuns.value.map((run) => run.id);
  const [turn, setTurn] = useState(0);
  const ask = (some: readonly number[], signal: AbortSignal) => searchConsoles(some, text, signal);
  const search = useInPieces({ ids, about: text && `${turn} ${text}`, ask, pause: PAUSE });
  return (
    <div class="search-page" data-testid="console-search">
      <div class="toolbar">
        <SearchField main label="Search all consoles" placeholder="Search all consoles  /" value={consoleSearch.value} set={consoleSearch.set} />
        <span class="muted number" role="status">
          {text && progress(search, ids.length)}
        </span>
      </div>
      {search.error && <ErrorPanel error={search.error} retry={() => setTurn(turn + 1)} title="The consoles could not be searched" />}
      <div class="search-found">
        {search.found.map((one) => (
          <Finding key={one.run} found={one} text={text} />
        ))}
        {!text && <Hint />}
        {text && search.searched === ids.length && !search.found.length && (
          <Empty title={`No console has “${text}”`}>
            <p>
              Looked through {formatCount(ids.length)} {ids.length === 1 ? "run" : "runs"}: those of the list beside this.
            </p>
          </Empty>
        )}
      </div>
    </div>
  );
}

function Hint() {
  return (
    <Empty title="What did they print?">
      <p>A text in the consoles of all runs of the list: an error, a file name, “nan”. The filter of the runs says where it is looked for.</p>
    </Empty>
  );
}

function progress({ found, searched, unreadable }: Findings<FoundInRun>, total: number): string {
  const lines = found.reduce((sum, one) => sum + one.lines.length, 0);
  const words = `${formatCount(lines)} ${lines === 1 ? "line" : "lines"} in ${formatCount(found.length)} ${found.length === 1 ? "run" : "runs"}`;
  const failed = unreadable ? `, ${formatCount(unreadable)} not readable` : "";
  return searched < total ? `searching, ${formatCount(searched)} of ${formatCount(total)} runs: ${words}…` : `${words}${failed}`;
}

function Finding({ found: { run: id, lines, more }, text }: { found: FoundInRun; text: string }) {
  const run = runsById.value.get(id);
  if (!run) return null;
  return (
    <section class="search-run">
      <h2>
        <Dot run={run} /> <StatusSign status={run.status} />{" "}
        <a href={consoleOf(run, text)} onClick={followLink} title="Open its console at this text">
          {run.name}
        </a>{" "}
        {more && <span class="muted">the last {lines.length} lines with it</span>}
      </h2>
      <div class="search-lines">
        {lines.map((line) => (
          <Line key={line.id} line={line} search={text} current={false} />
        ))}
      </div>
    </section>
  );
}

function consoleOf({ project, id }: Run, text: string): string {
  return hrefWith({ project, run: id }, { tab: "console", find: text });
}
