// The machine: its metrics over the run's time, and what it is.

import type { RunAnswer } from "../api/types";
import { Sections } from "../charts/Sections";
import { systemSections } from "../charts/sections";
import { Toolbar } from "../charts/Toolbar";
import { ChartOverlay } from "../charts/ChartOverlay";
import { KeyValues } from "../parts/KeyValues";
import { textMatcher } from "../runs/filter";
import { metricsOf } from "../state/metrics";
import { shownRuns } from "../state/selection";
import { chartFilter } from "../state/view";
import { machineOf } from "./meta";

export function SystemTab({ answer: { run, names } }: { answer: RunAnswer }) {
  const filter = chartFilter.value.trim();
  const groups = systemSections(metricsOf(names), filter ? textMatcher(filter) : () => true);
  return (
    <div class="charts-page" data-testid="system">
      <Toolbar name="sys/" />
      {groups.length === 0 && <p class="muted">No system metrics{filter ? ` match “${filter}”` : " were recorded"}.</p>}
      <Sections sections={groups} runs={shownRuns.value} filtered={filter !== ""} open />
      <div class="columns-page">
        <KeyValues title="Machine and environment" rows={machineOf(run.systemMetadata)} none="Nothing was recorded." />
      </div>
      <ChartOverlay />
    </div>
  );
}
