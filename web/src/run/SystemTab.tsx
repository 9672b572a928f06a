// The machines of a run: what they are, and their metrics over the run's time, nodes and GPUs together or apart.

import type { RunAnswer } from "../api/types";
import { Chart } from "../charts/Chart";
import { ChartOverlay } from "../charts/ChartOverlay";
import { Check, Toolbar } from "../charts/Toolbar";
import { KeyValues } from "../parts/KeyValues";
import { textMatcher } from "../runs/filter";
import { metricsOf } from "../state/metrics";
import { shownRuns } from "../state/selection";
import { chartFilter, systemApart } from "../state/view";
import { machineOf } from "./meta";
import { machinesOf, systemSections, type Machine, type SystemSection } from "./machines";

export function SystemTab({ answer: { run, names } }: { answer: RunAnswer }) {
  const filter = chartFilter.value.trim();
  const sections = systemSections(metricsOf(names), filter ? textMatcher(filter) : () => true, systemApart.value);
  const machines = machinesOf(run.systemMetadata);
  return (
    <div class="charts-page" data-testid="system">
      <Toolbar name="sys/" />
      <div class="system-head">
        {machines.length > 0 && <Machines machines={machines} />}
        <Check label="one chart each" title="A chart for each GPU, core and node" on={systemApart.value} set={systemApart.set} />
      </div>
      {sections.length === 0 && <p class="muted system-none">No system metrics{filter ? ` match “${filter}”` : " were recorded"}.</p>}
      {sections.length > 0 && (
        <div class="sections">
          {sections.map((section) => (
            <Section key={section.id} section={section} />
          ))}
        </div>
      )}
      <div class="columns-page">
        <KeyValues title="Machine and environment" rows={machineOf(run.systemMetadata)} none="Nothing was recorded." />
        {machines.slice(1).map(({ place, metadata }) => (
          <details key={place}>
            <summary>All of {place}</summary>
            <KeyValues title={place} rows={machineOf(metadata)} none="Nothing was recorded." />
          </details>
        ))}
      </div>
      <ChartOverlay together={sections.flatMap(({ charts }) => charts)} />
    </div>
  );
}

/** What each node is, a row each; what nobody knows of any is left out. */
function Machines({ machines }: { machines: readonly Machine[] }) {
  const heads = [...new Set(machines.flatMap(({ facts }) => Object.keys(facts)))];
  return (
    <div class="table-box machines" data-testid="machines" tabIndex={0} role="region" aria-label="Machines">
      <table class="plain-table">
        <thead>
          <tr>
            {machines.length > 1 && <th scope="col">node</th>}
            {heads.map((head) => (
              <th scope="col" key={head}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {machines.map(({ place, facts }) => (
            <tr key={place}>
              {machines.length > 1 && <th scope="row">{place}</th>}
              {heads.map((head) => (
                <td key={head}>{facts[head] ?? "–"}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Section({ section: { id, charts } }: { section: SystemSection }) {
  return (
    <section class="section">
      <h2 class="section-name">
        {id} <span class="muted number">{charts.length}</span>
      </h2>
      <div class="chart-grid">
        {charts.map(({ name, title, names, labels }) => (
          <Chart key={name} name={name} title={title} names={names} labels={labels} runs={shownRuns.value} />
        ))}
      </div>
    </section>
  );
}
