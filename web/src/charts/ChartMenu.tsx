// The menu of a chart: full screen, picture, table of values, link.

import { useState } from "preact/hooks";
import { copyText } from "../parts/states";
import { download } from "../parts/download";
import { Popover } from "../parts/Popover";
import { fullChart } from "../state/view";
import type { Line } from "./lines";
import { toPng, type Plot } from "./plot";

interface Props {
  name: string;
  lines: readonly Line[];
  plot: Plot | null;
  full: boolean;
}

export function ChartMenu({ name, lines, plot, full }: Props) {
  const [note, setNote] = useState("");
  const file = name.replaceAll(/[^\w.-]+/g, "_");
  const picture = async () => {
    const blob = plot && (await toPng(plot, name));
    if (blob) download(blob, `${file}.png`);
  };
  const table = () => download(new Blob([toCsv(lines)], { type: "text/csv" }), `${file}.csv`);
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
        aria-label={full ? `Close ${name}` : `${name} in full screen`}
        onClick={() => fullChart.set(full ? "" : name)}
      >
        {full ? "✕" : "⤢"}
      </button>
      <Popover label={`Menu of ${name}`} button="⋯" onClose={() => setNote("")}>
        <button type="button" onClick={() => void picture()}>
          Save as PNG
        </button>
        <button type="button" onClick={table}>
          Save values as CSV
        </button>
        <button type="button" onClick={() => void link()}>
          {note || "Copy link to this chart"}
        </button>
      </Popover>
    </div>
  );
}

/** The buckets as drawn: a line a bucket with the range of its values. */
function toCsv(lines: readonly Line[]): string {
  const rows = ["run,x,mean,min,max"];
  for (const { label, series } of lines) {
    const quoted = `"${label.replaceAll('"', '""')}"`;
    for (let i = 0; i < series.x.length; i += 1) {
      rows.push([quoted, series.x[i], series.mean[i], series.min[i], series.max[i]].join(","));
    }
  }
  return `${rows.join("\n")}\n`;
}
