// A chart as a drawing: the same painter as on the page, on a pen that writes SVG. Loaded when asked for.

import { formatDate, formatDuration } from "../format";
import { token } from "../state/theme";
import type { Axis, ChartLook } from "../state/view";
import { legendOf, type Line, type Range } from "./lines";
import { paint, type Frame, type Pen } from "./paint";
import type { Plot } from "./plot";
import { exactLabels, linearTicks, logTicks } from "./ticks";
import { formatIn, type Unit } from "./units";

interface Drawing {
  plot: Plot;
  lines: readonly Line[];
  title: string;
  look: ChartLook;
  unit: Unit;
}

const HEADER = 26;
const LEGEND_ROW = 16;

export function toSvg({ plot, lines, title, look, unit }: Drawing): string {
  const frame: Frame = { ...plot.frame(), ratio: 1, ...plot.area() };
  const top = { ...frame, top: frame.top + HEADER };
  const pen = new SvgPen();
  paint(pen, top, lines);
  const legend = legendOf(lines);
  const width = Math.ceil(frame.left + frame.width + 14);
  const base = Math.ceil(top.top + frame.height + 26);
  const height = base + legend.length * LEGEND_ROW + 6;
  const rows = legend.map(
    ({ label, color }, index) =>
      `<rect x="${frame.left}" y="${base + index * LEGEND_ROW}" width="10" height="10" rx="5" fill="${color}"/>` +
      text(frame.left + 16, base + index * LEGEND_ROW + 9, label, "start"),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`,
    ` font-family="system-ui, sans-serif" font-size="11">`,
    `<rect width="100%" height="100%" fill="${token("--surface")}"/>`,
    `<text x="12" y="18" font-size="13" font-weight="600" fill="${token("--text")}">${escaped(title)}</text>`,
    ...grid(top, look, unit),
    pen.content(),
    ...rows,
    "</svg>\n",
  ].join("");
}

function grid(frame: Frame, { axis, log, logX }: ChartLook, unit: Unit): string[] {
  const { left, top, width, height, x, y } = frame;
  const line = (x1: number, y1: number, x2: number, y2: number) =>
    `<path d="M${round(x1)} ${round(y1)}L${round(x2)} ${round(y2)}" stroke="${token("--grid")}"/>`;
  const across = (logX ? logTicks(...x) : linearTicks(...x)).filter((tick) => tick >= x[0] && tick <= x[1]);
  const up = (log ? logTicks(...y) : linearTicks(...y)).filter((tick) => tick >= y[0] && tick <= y[1]);
  const place = (value: number, [low, high]: Range) => (value - low) / (high - low);
  const xPlace = (tick: number) => left + width * (logX ? place(Math.log(tick), x.map(Math.log) as Range) : place(tick, x));
  const yPlace = (tick: number) => top + height * (1 - (log ? place(Math.log(tick), y.map(Math.log) as Range) : place(tick, y)));
  const labels = xLabels(across, axis);
  const yLabels = exactLabels(up, (tick, digits) => formatIn(unit, tick, digits));
  return [
    ...across.map((tick) => line(xPlace(tick), top, xPlace(tick), top + height)),
    ...up.map((tick) => line(left, yPlace(tick), left + width, yPlace(tick))),
    ...across.map((tick, index) => text(xPlace(tick), top + height + 16, labels[index] ?? "", "middle")),
    ...up.map((tick, index) => text(left - 6, yPlace(tick) + 4, yLabels[index] ?? "", "end")),
  ];
}

function xLabels(ticks: readonly number[], { kind }: Axis): string[] {
  if (kind === "time") return ticks.map((tick) => formatDate(tick).slice(5));
  return kind === "relative" ? ticks.map(formatDuration) : exactLabels(ticks);
}

function text(x: number, y: number, content: string, anchor: string): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" fill="${token("--muted")}">${escaped(content)}</text>`;
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escaped(content: string): string {
  // Control characters are not allowed in XML at all.
  return content.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "�").replace(/[&<>"]/g, (sign) => ENTITIES[sign] as string);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

interface Settings {
  strokeStyle: Pen["strokeStyle"];
  fillStyle: Pen["fillStyle"];
  lineWidth: number;
  lineJoin: CanvasLineJoin;
  globalAlpha: number;
  dash: number[];
  clip: string;
}

/** What `paint` needs of a canvas, writing paths instead. */
class SvgPen implements Pen {
  strokeStyle: Pen["strokeStyle"] = "#000";
  fillStyle: Pen["fillStyle"] = "#000";
  lineWidth = 1;
  lineJoin: CanvasLineJoin = "miter";
  globalAlpha = 1;
  lineDashOffset = 0;
  private dash: number[] = [];
  private clipped = "";
  private path: string[] = [];
  private readonly saved: Settings[] = [];
  private readonly parts: string[] = [];
  private clips = 0;

  content(): string {
    return this.parts.join("");
  }

  save(): void {
    const { strokeStyle, fillStyle, lineWidth, lineJoin, globalAlpha, dash, clipped } = this;
    this.saved.push({ strokeStyle, fillStyle, lineWidth, lineJoin, globalAlpha, dash, clip: clipped });
  }

  restore(): void {
    const { clip, dash, ...settings } = this.saved.pop() as Settings;
    Object.assign(this, settings);
    this.dash = dash;
    this.clipped = clip;
  }

  beginPath(): void {
    this.path = [];
  }

  closePath(): void {
    this.path.push("Z");
  }

  moveTo(x: number, y: number): void {
    this.path.push(`M${round(x)} ${round(y)}`);
  }

  lineTo(x: number, y: number): void {
    this.path.push(`${this.path.length ? "L" : "M"}${round(x)} ${round(y)}`);
  }

  rect(x: number, y: number, width: number, height: number): void {
    this.path.push(`M${round(x)} ${round(y)}h${round(width)}v${round(height)}h${round(-width)}Z`);
  }

  /** A whole circle, which is all that is painted. */
  arc(x: number, y: number, radius: number): void {
    const r = round(radius);
    this.path.push(`M${round(x - radius)} ${round(y)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`);
  }

  clip(): void {
    this.clips += 1;
    this.parts.push(`<clipPath id="c${this.clips}"><path d="${this.path.join("")}"/></clipPath>`);
    this.clipped = ` clip-path="url(#c${this.clips})"`;
  }

  setLineDash(dash: number[]): void {
    this.dash = dash;
  }

  stroke(): void {
    const dash = this.dash.length ? ` stroke-dasharray="${this.dash.join(" ")}" stroke-dashoffset="${this.lineDashOffset}"` : "";
    const look = `fill="none" stroke="${String(this.strokeStyle)}" stroke-width="${this.lineWidth}" stroke-linejoin="${this.lineJoin}"${dash}`;
    this.add(look);
  }

  fill(): void {
    this.add(`fill="${String(this.fillStyle)}"`);
  }

  private add(look: string): void {
    if (!this.path.length) return;
    const alpha = this.globalAlpha < 1 ? ` opacity="${round(this.globalAlpha)}"` : "";
    this.parts.push(`<path d="${this.path.join("")}" ${look}${alpha}${this.clipped}/>`);
  }
}
