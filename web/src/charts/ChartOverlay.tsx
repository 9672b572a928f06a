// The chart that the URL asks for in full screen, over the page.

import { shownRuns } from "../state/selection";
import { fullChart } from "../state/view";
import { Chart } from "./Chart";
import { Toolbar } from "./Toolbar";
import { lazy } from "../parts/lazy";

const FullPanel = lazy(() => import("../panels/OwnPanels").then((loaded) => loaded.FullPanel), "the panel");

export function ChartOverlay() {
  const name = fullChart.value;
  if (!name) return null;
  return (
    <div class="overlay" role="dialog" aria-modal="true" aria-label={name}>
      <Toolbar filter={false} name={name} />
      {name.startsWith("panel:") ? (
        <FullPanel key={name} />
      ) : (
        <Chart key={name} name={name} title={name} runs={shownRuns.value} full />
      )}
    </div>
  );
}
