// The panels that people made for this project, over the charts of all metrics, in the order and size they gave them.

import { useSize } from "../parts/hooks";
import { edited, panels } from "../state/panels";
import { fullChart } from "../state/view";
import { PanelCard, fullName } from "./PanelCard";
import { PanelEditor } from "./PanelEditor";
import { Slot } from "./Slot";

/** Narrowest column and the gap of `.chart-grid`, in pixels. */
const [COLUMN, GAP] = [300, 12];

export function OwnPanels() {
  const list = panels.value;
  const [grid, { width }] = useSize<HTMLDivElement>();
  const columns = Math.max(1, Math.floor((width + GAP) / (COLUMN + GAP)));
  return (
    <>
      <section class="own-panels" aria-label="Own panels" data-testid="own-panels">
        <div class="chart-grid" ref={grid}>
          {list.map((panel) => (
            <Slot key={panel.id} panel={panel} columns={columns}>
              <PanelCard panel={panel} />
            </Slot>
          ))}
        </div>
      </section>
      {edited.value && <PanelEditor key={edited.value.id} panel={edited.value} />}
    </>
  );
}

/** The panel that the URL shows over the page. */
export function FullPanel() {
  const panel = panels.value.find((each) => fullName(each) === fullChart.value);
  return panel ? <PanelCard panel={panel} full /> : <p class="chart-nothing">This panel is not there any more.</p>;
}
