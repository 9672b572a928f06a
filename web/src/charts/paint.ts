// Paints lines on a chart's canvas: band, line, extremes, and marks for what is not a number.

import { FLAG_NAN, FLAG_NEGATIVE, FLAG_POSITIVE } from "../api/types";
import { visible, type Line, type Range } from "./lines";

/** The plot's rectangle and scales in canvas pixels. */
export interface Frame {
  left: number;
  top: number;
  width: number;
  height: number;
  x: Range;
  y: Range;
  log: boolean;
  logX: boolean;
  /** Canvas pixels a CSS pixel. */
  ratio: number;
}

/** What is needed of a canvas to paint on it. */
export type Pen = Pick<
  CanvasRenderingContext2D,
  | "save"
  | "restore"
  | "beginPath"
  | "closePath"
  | "moveTo"
  | "lineTo"
  | "rect"
  | "arc"
  | "clip"
  | "stroke"
  | "fill"
  | "setLineDash"
  | "strokeStyle"
  | "fillStyle"
  | "lineWidth"
  | "lineJoin"
  | "lineDashOffset"
  | "globalAlpha"
>;

type ToPixel = (value: number) => number;

interface Brush {
  context: Pen;
  frame: Frame;
  px: ToPixel;
  py: ToPixel;
}

/** With more lines than this the bands would cover each other, and lines are as thin as can be, which is quick. */
export const CROWD = 20;

/** CSS pixels of a stripe of lines that lie on each other. */
const STRIPE = 10;

/** Paints lines, the first of the list over the others; a focused one is painted alone, and stronger. */
export function paint(
  context: Pen,
  frame: Frame,
  lines: readonly Line[],
  focused = false,
): void {
  const brush = { context, frame, px: xScale(frame), py: yScale(frame) };
  context.save();
  context.beginPath();
  // A little wider than the axes, for the dots of the first and last points.
  const edge = 3 * frame.ratio;
  context.rect(frame.left - edge, frame.top, frame.width + 2 * edge, frame.height);
  context.clip();
  for (const line of [...lines].reverse()) paintLine(brush, line, lines.length > CROWD, focused);
  context.restore();
  for (const line of lines) paintMarks(brush, line);
}

function xScale({ left, width, x: [low, high], logX }: Frame): ToPixel {
  if (logX) {
    const lower = Math.log10(low);
    const unit = width / (Math.log10(high) - lower);
    // Step 0 is infinitely far to the left.
    return (value) => (value > 0 ? left + (Math.log10(value) - lower) * unit : left - width);
  }
  const unit = width / (high - low);
  return (value) => left + (value - low) * unit;
}

function yScale({ top, height, y: [low, high], log }: Frame): ToPixel {
  if (!log) {
    const unit = height / (high - low);
    return (value) => top + (high - value) * unit;
  }
  const upper = Math.log10(high);
  const unit = height / (upper - Math.log10(low));
  // What a log axis cannot show lies below it, not at a random place.
  return (value) => (value > 0 ? top + (upper - Math.log10(value)) * unit : top + height * 2);
}

function paintLine(brush: Brush, line: Line, crowded: boolean, focused: boolean): void {
  const { context, frame } = brush;
  const span = visible(line.series.x, frame.x);
  const alpha = context.globalAlpha;
  context.strokeStyle = line.color;
  context.fillStyle = line.color;
  context.lineJoin = crowded ? "bevel" : "round";
  if (!crowded && line.series.downsampled) paintBand(brush, line, span);
  context.globalAlpha = line.smoothed ? alpha * 0.3 : alpha;
  // A deviation is no value that was logged: its band is all there is to see of it.
  if (!line.counts) paintExtremes(brush, line, span);
  if (line.smoothed) stroke(brush, line.series.x, line.series.mean, span, 1);
  context.globalAlpha = alpha;
  setDash(brush, line, focused);
  stroke(brush, line.series.x, line.drawn, span, focused ? 2.25 : crowded ? 1 : 1.5);
  context.setLineDash([]);
  paintPoints(brush, line, span);
}

/** The line's own pattern, or its share of the stripes that lines on the same place have in turn. */
function setDash({ context, frame: { ratio } }: Brush, line: Line, focused: boolean): void {
  const striped = line.twins > 1 && !focused;
  const pattern = striped ? [STRIPE, STRIPE * (line.twins - 1)] : line.dash;
  context.setLineDash(pattern.map((length) => length * ratio));
  context.lineDashOffset = striped ? STRIPE * line.turn * ratio : 0;
}

/** The range within each bucket, faint. */
function paintBand({ context, px, py }: Brush, { series }: Line, [from, to]: [number, number]): void {
  context.globalAlpha *= 0.16;
  context.beginPath();
  for (let i = from; i < to; i += 1) lineTo(context, px(series.x[i] as number), py(series.max[i] as number));
  for (let i = to - 1; i >= from; i -= 1) lineTo(context, px(series.x[i] as number), py(series.min[i] as number));
  context.fill();
}

function lineTo(context: Pen, x: number, y: number): void {
  if (Number.isFinite(y)) context.lineTo(x, y);
}

/**
 * Strokes from the mean to a bucket's extreme wherever that extreme stands out: one value of a
 * million moves no mean, and a faint band one pixel wide would hide it.
 */
function paintExtremes({ context, frame, px, py }: Brush, { series }: Line, [from, to]: [number, number]): void {
  const limit = standOut(series.min, series.max, from, to);
  // On whole pixels: a stroke between two columns would have half its strength in each.
  const middle = (Math.round(frame.ratio) % 2) / 2;
  context.lineWidth = frame.ratio;
  context.beginPath();
  for (let i = from; i < to; i += 1) {
    const min = series.min[i] as number;
    const max = series.max[i] as number;
    if (!(max - min > limit)) continue;
    const x = Math.floor(px(series.x[i] as number)) + middle;
    context.moveTo(x, py(max));
    context.lineTo(x, py(min));
  }
  context.stroke();
}

/** Spreads beyond this are unusual: four times the median spread of the buckets in sight. */
export function standOut(min: Float64Array, max: Float64Array, from: number, to: number): number {
  const spreads = new Float64Array(Math.max(0, to - from));
  for (let i = 0; i < spreads.length; i += 1) {
    const spread = (max[from + i] as number) - (min[from + i] as number);
    spreads[i] = Number.isFinite(spread) ? spread : 0;
  }
  spreads.sort();
  return 4 * (spreads[spreads.length >> 1] ?? 0);
}

function stroke(
  { context, frame, px, py }: Brush,
  x: Float64Array,
  y: Float64Array,
  [from, to]: [number, number],
  width: number,
): void {
  context.lineWidth = width * frame.ratio;
  context.beginPath();
  let drawing = false;
  for (let i = from; i < to; i += 1) {
    const value = y[i] as number;
    if (!Number.isFinite(value)) {
      drawing = false;
      continue;
    }
    if (drawing) context.lineTo(px(x[i] as number), py(value));
    else context.moveTo(px(x[i] as number), py(value));
    drawing = true;
  }
  context.stroke();
}

/** Dots while the points are few: a single point has no line. */
function paintPoints({ context, frame, px, py }: Brush, line: Line, [from, to]: [number, number]): void {
  const few = (to - from) * 12 * frame.ratio <= frame.width;
  context.beginPath();
  for (let i = from; i < to; i += 1) {
    const y = line.drawn[i] as number;
    if (!Number.isFinite(y) || !(few || isAlone(line.drawn, i))) continue;
    const x = px(line.series.x[i] as number);
    context.moveTo(x, py(y));
    context.arc(x, py(y), 2.25 * frame.ratio, 0, 7);
  }
  context.fill();
}

function isAlone(values: Float64Array, i: number): boolean {
  return !Number.isFinite(values[i - 1] ?? NaN) && !Number.isFinite(values[i + 1] ?? NaN);
}

/** Triangles on the frame: NaN points up from the bottom, ∞ at the top, −∞ at the bottom, hollow. */
function paintMarks({ context, frame, px }: Brush, { series, color }: Line): void {
  const [from, to] = visible(series.x, frame.x);
  const bottom = frame.top + frame.height;
  context.save();
  context.fillStyle = color;
  context.strokeStyle = color;
  context.lineWidth = frame.ratio;
  for (let i = from; i < to; i += 1) {
    const flags = series.flags[i] as number;
    if (!flags) continue;
    const x = px(series.x[i] as number);
    if (x < frame.left || x > frame.left + frame.width) continue;
    if (flags & FLAG_NAN) triangle(context, x, bottom, -5 * frame.ratio, true);
    if (flags & FLAG_POSITIVE) triangle(context, x, frame.top, 5 * frame.ratio, false);
    if (flags & FLAG_NEGATIVE) triangle(context, x, bottom, -5 * frame.ratio, false);
  }
  context.restore();
}

function triangle(context: Pen, x: number, base: number, height: number, filled: boolean): void {
  const half = Math.abs(height) * 0.7;
  context.beginPath();
  context.moveTo(x - half, base);
  context.lineTo(x + half, base);
  context.lineTo(x, base + height);
  context.closePath();
  if (filled) context.fill();
  else context.stroke();
}
