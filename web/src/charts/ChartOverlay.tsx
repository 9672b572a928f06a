// The chart that the URL asks for in full screen, over the page.

import { shownRuns } from "../state/selection";
import { fullChart } from "../state/view";
import { Chart } from "./Chart";
import { Toolbar } from "./Toolbar";
import { lazy } from "../parts/lazy";

const FullPanel = lazy(() => import("../panels/OwnPanels").then((loaded) => loaded.FullPanel), "the panel");

/** A chart of several metrics, as a page has it. */
export interface Together {
  name: string;
  title: string;
  names: readonly string[];
  labels: Readonly<Record<string, string>>;
}

export function ChartOverlay({ together = [] }: { together?: readonly Together[] }) {
  const name = fullChart.value;
  if (!name) return null;
  const several = together.find((chart) => chart.name === name);
  return (
    <div class="overlay" role="dialog" aria-modal="true" aria-label={name}>
      <Toolbar filter={false} name={name} />
      {name.startsWith("panel:") ? (
        <FullPanel key={name} />
      ) : (
        <Chart key={name} title={name} {...several} name={name} runs={shownRuns.value} full />
      )}
    </div>
  );
}
