// The runs of a sweep, or of the list: the best one, what its parameters are, which of them matter, and all as lines.

import { useMemo } from "preact/hooks";
import { exactValue, formatCount, formatNumber, formatValue } from "../format";
import { Empty, ErrorPanel } from "../parts/states";
import { useSize } from "../parts/hooks";
import { newPanel } from "../panels/model";
import { Parallel } from "../panels/Parallel";
import { pointsFor } from "../panels/points";
import { MEASURES, measureOf, type Measure } from "../runs/best";
import { availableColumns, columnFor } from "../runs/columns";
import { StatusSign } from "../runs/Status";
import { Dot } from "../runs/Swatch";
import { bestError } from "../state/best";
import { runs } from "../state/catalog";
import { metricNames } from "../state/metrics";
import { followLink, hrefFor, hrefWith, place, textParam } from "../state/route";
import { listedRuns, railColumn } from "../state/selection";
import { sweepGoal } from "../state/view";
import { theme } from "../state/theme";
import "../style/sweep.css";
import { FEWEST, importances, type Importance } from "./importance";
import { isHighGood, ownGoal, parametersOf, ranked, runsOf, sweepsOf, type Result } from "./study";

const chosenSweep = textParam("sweep");
/** "min" or "max"; empty for what the sweep or the name of the metric says. */
const direction = textParam("best");

/** So many runs are drawn and reckoned with: the best ones. */
const MOST = 2000;
/** Values of a metric that can be a result. */
const RESULTS: readonly Measure[] = ["metric", "min", "max", "mean"];

export function SweepPage() {
  const study = studied();
  const { goal, most, parameters, results, total } = study;
  return (
    <div class="sweep-page" data-testid="sweep">
      <Choices {...study} />
      {bestError.value && <ErrorPanel error={bestError.value} title="The results could not be read" />}
      {!goal ? <NoMetric /> : !results.length ? <NoResult total={total} /> : <Shown goal={goal} most={most} parameters={parameters} results={results} />}
    </div>
  );
}

interface Study {
  sweep: string;
  goal: string;
  most: boolean;
  parameters: string[];
  results: Result[];
  total: number;
}

function studied(): Study {
  const sweeps = sweepsOf(listedRuns.value);
  const sweep = chosenSweep.value === "all" ? "" : chosenSweep.value || (sweeps[0]?.id ?? "");
  const chosen = runsOf(listedRuns.value, sweep);
  const own = ownGoal(chosen);
  const goal = sweepGoal.value || (own ? `metric.${own.metric}` : (railColumn.value?.key ?? ""));
  const name = measureOf(goal)?.name ?? "";
  const usual = own?.metric === name ? own.most : isHighGood(name);
  const most = direction.value ? direction.value === "max" : usual;
  const results = ranked(chosen, goal, most);
  return { sweep, goal, most, parameters: parametersOf(chosen), results, total: chosen.length };
}

function Choices({ sweep, goal, most, results, total }: Study) {
  const sweeps = sweepsOf(runs.value);
  const { measure, name } = measureOf(goal) ?? { measure: "metric" as Measure, name: "" };
  const metrics = availableColumns(runs.value, metricNames.value).metrics.map((key) => key.slice("metric.".length));
  const names = metrics.includes(name) || !name ? metrics : [name, ...metrics];
  return (
    <div class="toolbar" role="toolbar" aria-label="What is studied">
      <label class="field">
        <span>runs</span>
        <select aria-label="Runs to study" value={sweep || "all"} onChange={(event) => chosenSweep.set(event.currentTarget.value)}>
          {sweeps.map(({ id, runs: count }) => (
            <option key={id} value={id}>
              sweep {id} ({count})
            </option>
          ))}
          <option value="all">all of the list</option>
        </select>
      </label>
      <label class="field">
        <span>result</span>
        <select aria-label="Which value of the metric" value={measure} onChange={(event) => sweepGoal.set(`${event.currentTarget.value}.${name}`)}>
          {RESULTS.map((key) => (
            <option key={key} value={key}>
              {MEASURES[key]}
            </option>
          ))}
        </select>
        <select aria-label="Metric of the result" value={name} onChange={(event) => sweepGoal.set(`${measure}.${event.currentTarget.value}`)}>
          {names.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>best is</span>
        <select aria-label="Which result is best" value={most ? "max" : "min"} onChange={(event) => direction.set(event.currentTarget.value)}>
          <option value="min">the lowest</option>
          <option value="max">the highest</option>
        </select>
      </label>
      <span class="muted number" role="status">
        {results.length === total ? `${formatCount(total)} runs` : `${formatCount(results.length)} of ${formatCount(total)} runs have it`}
      </span>
    </div>
  );
}

function NoMetric() {
  return (
    <Empty title="No metric to judge by">
      <p>
        Log one with <code>run.log({"{"}"val/loss": loss{"}"})</code>: the best run and what made it best appear here.
      </p>
    </Empty>
  );
}

function NoResult({ total }: { total: number }) {
  return (
    <Empty title={total ? "None of these runs has this result" : "No run matches"}>
      <p>Choose another metric or other runs above; the filter of the list says which runs are studied.</p>
    </Empty>
  );
}

interface ShownProps {
  goal: string;
  most: boolean;
  parameters: readonly string[];
  results: readonly Result[];
}

function Shown(props: ShownProps) {
  return (
    <div class="sweep-parts">
      <Best {...props} />
      <Matters {...props} />
      <Lines {...props} />
    </div>
  );
}

function Best({ goal, most, parameters, results }: ShownProps) {
  const { run, value } = results[0] as Result;
  return (
    <section class="sweep-best" data-testid="sweep-best">
      <h2>Best run</h2>
      <p class="sweep-name">
        <Dot run={run} /> <StatusSign status={run.status} />{" "}
        <a href={hrefFor({ project: place.value.project, run: run.id })} onClick={followLink}>
          {run.name}
        </a>
      </p>
      <p class="sweep-value number" title={String(value)}>
        {formatNumber(value)} <span class="muted">{nameOf(goal)}</span>
      </p>
      <dl>
        {parameters.map((key) => (
          <div key={key}>
            <dt>{key}</dt>
            <dd class="number" title={exactValue(run.config[key])}>
              {formatValue(run.config[key]) || "–"}
            </dd>
          </div>
        ))}
      </dl>
      <a class="link" href={hrefWith({ project: place.value.project, run: null }, { tab: "table", sort: most ? `-${goal}` : goal })} onClick={followLink}>
        All runs in the table
      </a>
    </section>
  );
}

function nameOf(goal: string): string {
  const column = columnFor(goal);
  return [column?.detail, column?.label].filter(Boolean).join(" ");
}

function Matters({ parameters, results }: ShownProps) {
  const about = results.slice(0, MOST);
  const wanted = JSON.stringify(about.map(({ run, value }) => [value, parameters.map((key) => run.config[key])]));
  const found = useMemo(() => {
    const columns = new Map(parameters.map((key) => [key, about.map(({ run }) => run.config[key] ?? null)]));
    return about.length < FEWEST ? [] : importances(columns, about.map(({ value }) => value));
  }, [wanted]);
  return (
    <section class="sweep-matters" data-testid="sweep-importance">
      <h2>What matters</h2>
      {!parameters.length && <p class="muted">These runs have the same config: there is nothing to tell apart.</p>}
      {parameters.length > 0 && about.length < FEWEST && <p class="muted">With {FEWEST} runs that have a result, it is said here.</p>}
      {found.length > 0 && <ImportanceTable found={found} />}
    </section>
  );
}

const ABOUT_SHARE =
  "How much worse a forest of regression trees guesses the rank of the result when this parameter is shuffled among the runs (permutation importance, Breiman 2001), as a share of the sum. An association, not a cause.";
const ABOUT_CORRELATION = "Spearman's rank correlation with the result: 1 where both only rise together, −1 where one falls as the other rises.";

function ImportanceTable({ found }: { found: readonly Importance[] }) {
  return (
    <table>
      <thead>
        <tr>
          <th>Parameter</th>
          <th title={ABOUT_SHARE}>Importance</th>
          <th class="right" title={ABOUT_CORRELATION}>
            Correlation
          </th>
        </tr>
      </thead>
      <tbody>
        {found.map(({ key, share, correlation }) => (
          <tr key={key}>
            <td>{key}</td>
            <td>
              <span class="sweep-bar" style={{ "--share": share }} aria-hidden="true" /> <span class="number">{Math.round(share * 100)} %</span>
            </td>
            <td class={`number right ${correlation === null ? "muted" : ""}`} title={correlation === null ? "Words have no order" : String(correlation)}>
              {correlation === null ? "–" : formatShare(correlation)}
            </td>
          </tr>
        ))}
      </tbody>
      <caption class="muted">Permutation importance in a forest of trees; Spearman’s rank correlation. What goes together, not what causes what.</caption>
    </table>
  );
}

/** Two digits, and no −0.00. */
function formatShare(value: number): string {
  return (Math.round(value * 100) / 100 || 0).toFixed(2).replace("-", "−");
}

function Lines({ goal, parameters, results }: ShownProps) {
  const [host, { width, height }] = useSize<HTMLDivElement>();
  void theme.value; // colours are written into the drawing
  const columns = [...parameters.map((key) => `config.${key}`), goal].map(columnFor).filter((column) => column !== null);
  // The best is drawn last, over the others.
  const about = results.slice(0, MOST).map(({ run }) => run).reverse();
  const points = pointsFor(about, { ...newPanel("parallel", 0), color: goal }, columns);
  return (
    <section class="sweep-lines">
      <h2>All runs, coloured by the result</h2>
      <div class="sweep-lines-host" tabIndex={0} role="region" aria-label="Parallel coordinates of the runs">
        <div class="sweep-lines-drawing" ref={host} style={{ "--axes": columns.length }}>
          {width > 0 && height > 0 && <Parallel points={points} columns={columns} width={width} height={height} />}
        </div>
      </div>
    </section>
  );
}
