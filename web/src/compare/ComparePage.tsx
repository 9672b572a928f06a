// The shown runs beside each other: what differs on top, what is equal folded away.

import type { Run } from "../api/types";
import { exactValue, formatCount, formatValue } from "../format";
import { csvOf } from "../parts/csv";
import { download } from "../parts/download";
import { Empty } from "../parts/states";
import { SearchField } from "../parts/SearchField";
import { textMatcher } from "../runs/filter";
import { StatusSign } from "../runs/Status";
import { Dot } from "../runs/Swatch";
import { now } from "../state/catalog";
import { followLink, hrefFor, param } from "../state/route";
import { shownRuns } from "../state/selection";
import { chartFilter } from "../state/view";
import "../style/compare.css";
import { change, parts, search, type Found, type Row } from "./differences";

/** The run that the others are measured against; the first one until a person chooses. */
const baseRun = param<number | null>("base", null, {
  read: (text) => (Number.isSafeInteger(Number(text)) && text !== "" ? Number(text) : null),
  write: (id) => (id === null ? "" : String(id)),
});

export function ComparePage() {
  const runs = shownRuns.value;
  if (runs.length < 2) return <TooFew />;
  const base = Math.max(0, runs.findIndex((run) => run.id === baseRun.value));
  const found = search(parts(runs, now.value), textMatcher(chartFilter.value.trim()));
  const differing = found.reduce((sum, one) => sum + one.differing.length, 0);
  return (
    <div class="compare-page" data-testid="compare">
      <div class="toolbar">
        <SearchField main label="Search what is compared" placeholder="Search keys  /" value={chartFilter.value} set={chartFilter.set} />
        <span class="muted number" role="status">
          {formatCount(differing)} {differing === 1 ? "row differs" : "rows differ"} among {runs.length} runs
        </span>
        <span class="spacer" />
        <button type="button" class="button" onClick={() => save(runs, found)}>
          Download CSV
        </button>
      </div>
      <div class="compare-box" tabIndex={0} role="region" aria-label="Comparison of the runs">
        <table class="compare-table">
          <thead>
            <tr>
              <th scope="col">{chartFilter.value && differing === 0 ? "nothing differs here" : ""}</th>
              {runs.map((run, index) => (
                <Head key={run.id} run={run} isBase={index === base} />
              ))}
            </tr>
          </thead>
          {found.map((one) => (
            <Section key={one.part.id} found={one} base={base} width={runs.length + 1} />
          ))}
        </table>
        {found.map((one) => (
          <Equal key={one.part.id} found={one} />
        ))}
      </div>
    </div>
  );
}

function TooFew() {
  return (
    <Empty title="Choose two runs or more">
      <p>
        What is compared are the runs that the charts show: click the eyes in the list of runs, or press <kbd>↓</kbd>, <kbd>↑</kbd> and <kbd>Space</kbd>.
      </p>
    </Empty>
  );
}

function Head({ run, isBase }: { run: Run; isBase: boolean }) {
  const { id, project, name } = run;
  return (
    <th scope="col" class={isBase ? "base" : ""}>
      <span class="compare-run">
        <Dot run={run} />
        <StatusSign status={run.status} />
        <a href={hrefFor({ project, run: id })} onClick={followLink} title={name}>
          {name}
        </a>
      </span>
      {isBase ? (
        <span class="muted">compared with</span>
      ) : (
        <button type="button" class="link" onClick={() => baseRun.set(id)}>
          compare with this
        </button>
      )}
    </th>
  );
}

function Section({ found: { part, differing }, base, width }: { found: Found; base: number; width: number }) {
  if (!differing.length) return null;
  return (
    <tbody data-testid={`compare-${part.id}`}>
      <tr class="compare-part">
        <th scope="colgroup" colSpan={width}>
          {part.title}
        </th>
      </tr>
      {differing.map((row) => (
        <tr key={row.key}>
          <th scope="row" title={row.key}>
            {row.key}
          </th>
          {row.values.map((value, index) => (
            <Cell key={index} value={value} base={row.values[base]} isBase={index === base} />
          ))}
        </tr>
      ))}
    </tbody>
  );
}

function Cell({ value, base, isBase }: { value: unknown; base: unknown; isBase: boolean }) {
  const by = isBase ? "" : change(value, base);
  return (
    <td class={`${typeof value === "number" ? "number" : ""} ${isBase ? "base" : ""}`} title={exactValue(value)}>
      {value === undefined ? <span class="muted">–</span> : formatValue(value)}
      {by && <small class="muted"> {by}</small>}
    </td>
  );
}

function Equal({ found: { part, equal } }: { found: Found }) {
  if (!equal.length) return null;
  return (
    <details class="compare-equal">
      <summary>
        {part.title}: {formatCount(equal.length)} {equal.length === 1 ? "row is" : "rows are"} the same in all
      </summary>
      <dl>
        {equal.map((row) => (
          <div key={row.key}>
            <dt>{row.key}</dt>
            <dd title={exactValue(row.values[0])}>{formatValue(row.values[0])}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function save(runs: readonly Run[], found: readonly Found[]): void {
  const lines: Row[] = found.flatMap(({ differing, equal }) => [...differing, ...equal]);
  const head = ["", ...runs.map((run) => run.name)];
  const table = [head, ...lines.map((row) => [row.key, ...row.values.map((value) => (value === undefined ? "" : exactValue(value)))])];
  download(new Blob([csvOf(table)], { type: "text/csv" }), "compare.csv");
}
