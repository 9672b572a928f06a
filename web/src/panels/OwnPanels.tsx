// The panels that people made for this project, over the charts of all metrics.

import { edited, panels } from "../state/panels";
import { fullChart } from "../state/view";
import { PanelCard, fullName } from "./PanelCard";
import { PanelEditor } from "./PanelEditor";

export function OwnPanels() {
  const list = panels.value;
  return (
    <>
      {list.length > 0 && (
        <section class="own-panels" aria-label="Own panels" data-testid="own-panels">
          <div class="chart-grid">
            {list.map((panel) => (
              <div class={panel.wide ? "wide-card" : ""} key={panel.id}>
                <PanelCard panel={panel} />
              </div>
            ))}
          </div>
        </section>
      )}
      {edited.value && <PanelEditor key={edited.value.id} panel={edited.value} />}
    </>
  );
}

/** The panel that the URL shows over the page. */
export function FullPanel() {
  const panel = panels.value.find((each) => fullName(each) === fullChart.value);
  return panel ? <PanelCard panel={panel} full /> : <p class="chart-nothing">This panel is not there any more.</p>;
}
