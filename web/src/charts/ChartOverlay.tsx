// The chart that the URL asks for in full screen, over the page.

import { useRef } from "preact/hooks";
import { useFocusWithin } from "../parts/focus";
import { shownRuns } from "../state/selection";
import { fullChart } from "../state/view";
import { Chart } from "./Chart";
import { Legend } from "./Legend";
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
  return <Overlay key={name} name={name} several={together.find((chart) => chart.name === name)} />;
}

function Overlay({ name, several }: { name: string; several: Together | undefined }) {
  const box = useRef<HTMLDivElement>(null);
  useFocusWithin(box, () => document.querySelector<HTMLElement>(`[data-chart="${CSS.escape(name)}"] button`));
  return (
    <div class="overlay" role="dialog" aria-modal="true" aria-label={several?.title ?? name} ref={box} tabIndex={-1}>
      <Toolbar filter={false} name={name} />
      {name.startsWith("panel:") ? (
        <FullPanel />
      ) : (
        <>
          <Chart title={name} {...several} name={name} runs={shownRuns.value} full />
          {!several && <Legend runs={shownRuns.value} />}
        </>
      )}
    </div>
  );
}
