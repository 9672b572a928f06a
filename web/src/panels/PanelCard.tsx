// One panel: a chart of lines as all others, or a drawing of the runs' values; with its menu.

import { useRef } from "preact/hooks";
import { Chart } from "../charts/Chart";
import { download } from "../parts/download";
import { Popover } from "../parts/Popover";
import { useInSight, useSize } from "../parts/hooks";
import { columnFor, columnName, type Column } from "../runs/columns";
import { edited, removePanel, shiftPanel } from "../state/panels";
import { shownRuns } from "../state/selection";
import { theme } from "../state/theme";
import { fullChart, readAxis } from "../state/view";
import { Bars, barsHeight } from "./Bars";
import { titleOf, type Panel } from "./model";
import { Parallel } from "./Parallel";
import { pictureOf, rasterOf } from "./picture";
import { pointsCsv, pointsOf, type Point } from "./points";
import { Scatter } from "./Scatter";

/** What the URL calls a panel in full screen. */
export function fullName(panel: Panel): string {
  return `panel:${panel.id}`;
}

export function PanelCard({ panel, full = false }: { panel: Panel; full?: boolean }) {
  const title = titleOf(panel, columnName);
  if (panel.kind !== "line") return <Drawing panel={panel} title={title} full={full} />;
  const own = { ...(panel.x ? { axis: readAxis(panel.x) } : {}), ...(panel.log ? { log: true } : {}) };
  return (
    <Chart name={fullName(panel)} names={panel.y} title={title} runs={shownRuns.value} own={own} full={full} menu={<OwnMenu panel={panel} />} />
  );
}

function OwnMenu({ panel }: { panel: Panel }) {
  return (
    <>
      <button type="button" data-closes onClick={() => (edited.value = panel)}>
        Edit…
      </button>
      <button type="button" data-closes onClick={() => shiftPanel(panel, -1)}>
        Move to the left
      </button>
      <button type="button" data-closes onClick={() => shiftPanel(panel, 1)}>
        Move to the right
      </button>
      <button type="button" data-closes onClick={() => removePanel(panel)}>
        Remove
      </button>
    </>
  );
}

function Drawing({ panel, title, full }: { panel: Panel; title: string; full: boolean }) {
  const [card, inSight] = useInSight<HTMLElement>();
  const name = fullName(panel);
  const body = useRef<HTMLDivElement>(null);
  const columns = [...panel.y, panel.x].filter(Boolean).map(columnFor).filter((column) => column !== null);
  const shown = inSight && (full || fullChart.value !== name);
  const points = shown ? pointsOf(panel, columns) : [];
  return (
    <section class={`chart ${full ? "chart-full" : ""}`} ref={card} data-testid={`chart-${name}`} data-chart={name} aria-label={title}>
      <header class="chart-head">
        <h3 title={title}>{title}</h3>
        {shown && <span class="muted number">{points.length}</span>}
        <DrawingMenu panel={panel} title={title} full={full} body={body} csv={() => pointsCsv(points, columns)} />
      </header>
      <div class="panel-body" ref={body}>
        {shown && <Picture panel={panel} points={points} columns={columns} />}
      </div>
    </section>
  );
}

function Picture({ panel, points, columns }: { panel: Panel; points: readonly Point[]; columns: readonly Column[] }) {
  const [host, { width, height }] = useSize<HTMLDivElement>();
  void theme.value; // colours are written into the drawing
  const [first] = columns;
  const x = columnFor(panel.x);
  const ready = width > 0 && height > 0 && first !== undefined;
  return (
    <div class="panel-host" ref={host}>
      {ready && panel.kind === "bar" && <Bars points={points} column={first} width={width - (barsHeight(points.length) > height ? 16 : 0)} />}
      {ready && panel.kind === "scatter" && x && <Scatter points={points} x={x} y={first} log={panel.log} width={width} height={height} />}
      {ready && panel.kind === "parallel" && <Parallel points={points} columns={columns} width={width} height={height} />}
      {!first && <p class="chart-nothing">this panel shows nothing yet: edit it</p>}
    </div>
  );
}

interface MenuProps {
  panel: Panel;
  title: string;
  full: boolean;
  body: { current: HTMLDivElement | null };
  csv(): string;
}

function DrawingMenu({ panel, title, full, body, csv }: MenuProps) {
  const file = title.replaceAll(/[^\w.-]+/g, "_");
  const drawing = () => body.current?.querySelector("svg");
  const svg = () => {
    const element = drawing();
    if (element) download(new Blob([pictureOf(element, title)], { type: "image/svg+xml" }), `${file}.svg`);
  };
  const png = async () => {
    const element = drawing();
    const blob = element ? await rasterOf(pictureOf(element, title)) : null;
    if (blob) download(blob, `${file}.png`);
  };
  return (
    <div class="chart-menu">
      <button
        type="button"
        class="icon"
        title={full ? "Close (Esc)" : "Full screen (f)"}
        aria-label={full ? `Close ${title}` : `${title} in full screen`}
        onClick={() => fullChart.set(full ? "" : fullName(panel))}
      >
        {full ? "✕" : "⤢"}
      </button>
      <Popover label={`Menu of ${title}`} button="⋯">
        <OwnMenu panel={panel} />
        <button type="button" data-closes onClick={() => void png()}>
          Save as PNG
        </button>
        <button type="button" data-closes onClick={svg}>
          Save as SVG
        </button>
        <button type="button" data-closes onClick={() => download(new Blob([csv()], { type: "text/csv" }), `${file}.csv`)}>
          Save values as CSV
        </button>
      </Popover>
    </div>
  );
}
