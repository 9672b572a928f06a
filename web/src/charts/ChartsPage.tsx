// The charts of the shown runs, in sections; one of them over the page when asked for.

import { chartFilter } from "../state/view";
import { metricNames, metricsError } from "../state/metrics";
import { listedRuns, showDefault, shownRuns } from "../state/selection";
import { textMatcher } from "../runs/filter";
import { NoMatch } from "../runs/NoMatch";
import { lazy } from "../parts/lazy";
import { Empty, ErrorPanel, Skeleton } from "../parts/states";
import { unread } from "../state/filling";
import { edited, panels } from "../state/panels";
import { place } from "../state/route";
import { ChartOverlay } from "./ChartOverlay";
import { sections } from "./sections";
import { Sections } from "./Sections";
import { Toolbar } from "./Toolbar";

const OwnPanels = lazy(() => import("../panels/OwnPanels").then((loaded) => loaded.OwnPanels), "your panels");

export function ChartsPage() {
  const shown = shownRuns.value;
  const ofProject = place.value.run === null;
  const filter = chartFilter.value.trim();
  const groups = sections(metricNames.value, filter ? textMatcher(filter) : () => true);
  return (
    <div class="charts-page">
      <Toolbar />
      {metricsError.value && <ErrorPanel error={metricsError.value} title="Some metric names could not be read" />}
      {ofProject && (panels.value.length > 0 || edited.value) && <OwnPanels />}
      {groups.length ? (
        <Sections sections={groups} runs={shown} filtered={filter !== ""} />
      ) : (
        <NoCharts runs={shown.length} filter={filter} />
      )}
      <ChartOverlay />
    </div>
  );
}

function NoCharts({ runs, filter }: { runs: number; filter: string }) {
  if (filter) {
    return (
      <Empty title={`No chart matches “${filter}”`}>
        <button type="button" class="button" onClick={() => chartFilter.set("")}>
          Show all charts
        </button>
      </Empty>
    );
  }
  if (unread.value) return <Skeleton label="Reading runs" />;
  if (!runs) return <NoRuns />;
  return (
    <Empty title="No metrics yet">
      <p>
        Charts appear with the first <code>run.log({"{"}"loss": loss{"}"})</code>.
      </p>
    </Empty>
  );
}

function NoRuns() {
  if (!listedRuns.value.length) return <NoMatch />;
  return (
    <Empty title="No run is shown">
      <p>Open the eye of a run in the list to draw its curves.</p>
      <button type="button" class="button" onClick={showDefault}>
        Show the newest
      </button>
    </Empty>
  );
}
