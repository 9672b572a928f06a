// A chart as a picture, with its background, title and legend.

import { token } from "../state/theme";
import { legendOf, type Line } from "./lines";
import type { Plot } from "./plot";

const HEADER = 28;
const LEGEND_ROW = 16;
/** More lines than this are not told apart by a legend. */
const MOST = 40;

export function toPng(plot: Plot, title: string, lines: readonly Line[]): Promise<Blob | null> {
  const source = plot.canvas;
  const ratio = devicePixelRatio;
  const legend = legendOf(lines).slice(0, MOST);
  const canvas = document.createElement("canvas");
  canvas.width = source.width;
  canvas.height = source.height + (HEADER + legend.length * LEGEND_ROW + 6) * ratio;
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  context.fillStyle = token("--surface");
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(source, 0, HEADER * ratio);
  context.scale(ratio, ratio);
  context.fillStyle = token("--text");
  context.font = "600 13px system-ui, sans-serif";
  context.fillText(title, 12, 19);
  context.font = "11px system-ui, sans-serif";
  const top = HEADER + source.height / ratio;
  legend.forEach(({ label, color }, index) => {
    const middle = top + index * LEGEND_ROW + 6;
    context.fillStyle = color;
    context.fillRect(plot.area().left, middle - 4, 9, 9);
    context.fillStyle = token("--muted");
    context.fillText(label, plot.area().left + 16, middle + 4);
  });
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}
