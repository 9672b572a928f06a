// The menu of a chart: full screen, pictures, table of values, link, a panel of it.

import { useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { csvOf } from "../parts/csv";
import { copyText } from "../parts/states";
import { download } from "../parts/download";
import { Popover } from "../parts/Popover";
import { fullChart, type ChartLook, type Span } from "../state/view";
import { ChartSettings } from "./ChartSettings";
import type { Line } from "./lines";
import type { Plot } from "./plot";
import type { Unit } from "./units";

interface Props {
  name: string;
  title: string;
  lines: readonly Line[];
  plot: Plot | null;
  look: ChartLook;
  unit: Unit;
  full: boolean;
  children?: ComponentChildren;
}

export function ChartMenu({ name, title, lines, plot, look, unit, full, children }: Props) {
  const [note, setNote] = useState("");
  const file = title.replaceAll(/[^\w.-]+/g, "_");
  const picture = async () => {
    if (!plot) return;
    const { toPng } = await import("./png");
    const blob = await toPng(plot, title, lines);
    if (blob) download(blob, `${file}.png`);
  };
  const drawing = async () => {
    if (!plot) return;
    const { toSvg } = await import("./svg");
    download(new Blob([toSvg({ plot, lines, title, look, unit })], { type: "image/svg+xml" }), `${file}.svg`);
  };
  const table = () => download(new Blob([toCsv(lines, look.span)], { type: "text/csv" }), `${file}.csv`);
  const link = async () => {
    const url = new URL(location.href);
    url.searchParams.set("full", name);
    await copyText(url.href);
    setNote("Link copied");
  };
  return (
    <div class="chart-menu">
      <button
        type="button"
        class="icon"
        title={full ? "Close (Esc)" : "Full screen (f)"}
        aria-label={full ? `Close ${title}` : `${title} in full screen`}
        onClick={() => fullChart.set(full ? "" : name)}
      >
        {full ? "✕" : "⤢"}
      </button>
      <Popover label={`Menu of ${title}`} button="⋯" onClose={() => setNote("")}>
        {children}
        <button type="button" data-closes onClick={() => void picture()}>
          Save as PNG
        </button>
        <button type="button" data-closes onClick={() => void drawing()}>
          Save as SVG
        </button>
        <button type="button" data-closes onClick={table}>
          Save values as CSV
        </button>
        <button type="button" onClick={() => void link()}>
          {note || "Copy link to this chart"}
        </button>
        <ChartSettings name={name} look={look} />
      </Popover>
    </div>
  );
}

/** The buckets in sight: a row a bucket with the range of its values (of a group: mean ± deviation). */
function toCsv(lines: readonly Line[], span: Span | null): string {
  const [low, high] = span ?? [-Infinity, Infinity];
  const rows = lines.flatMap(({ label, series }) =>
    Array.from(series.x, (x, i) => [label, series.name, x, series.mean[i], series.min[i], series.max[i]] as const),
  );
  return csvOf([["run", "metric", "x", "mean", "min", "max"], ...rows.filter(([, , x]) => low <= x && x <= high)]);
}
