// Histograms on a canvas: one as bars, many as a heat map over the steps.

import { countTicks, exactLabels, linearTicks } from "../charts/ticks";
import { formatCount, formatNumber } from "../format";
import type { Size } from "../parts/hooks";
import { token } from "../state/theme";

export interface Histogram {
  step: number;
  counts: number[];
  low: number;
  high: number;
}

/** The values of all steps lie between these. */
export interface Values {
  low: number;
  high: number;
}

type Context = CanvasRenderingContext2D;

/** Room under a drawing for its axis, and above it for half a label. */
const AXIS = 18;
const TOP = 8;
/** Room at the left of a heat map for the values. */
export const HEAT_LEFT = 52;
/** Pixels that a label of an axis has to itself. */
const LABEL = 64;

export function drawBars(context: Context, { width, height }: Size, { counts, low, high }: Histogram, axis: Values): void {
  const most = Math.max(1, ...counts);
  const tall = (count: number) => (count / most) * (height - AXIS - TOP);
  begin(context, width, height);
  const left = drawCounts(context, { width, height }, most, tall);
  const unit = (width - left) / (axis.high - axis.low || 1);
  const x = (value: number) => left + (value - axis.low) * unit;
  const bin = (high - low) / Math.max(1, counts.length);
  context.fillStyle = token("--accent");
  counts.forEach((count, index) => {
    const from = axis.high > axis.low ? x(low + index * bin) : left;
    const wide = axis.high > axis.low ? bin * unit : width - left;
    context.fillRect(from, height - AXIS - tall(count), Math.max(1, wide - (wide > 3 ? 1 : 0)), tall(count));
  });
  drawValues(context, { width, height }, axis, x);
}

/** The axis of values below the bars. */
function drawValues(context: Context, { width, height }: Size, { low, high }: Values, x: (value: number) => number): void {
  const ticks = high > low ? fewer(linearTicks(low, high), width) : [low];
  const labels = exactLabels(ticks, formatNumber);
  context.fillStyle = token("--muted");
  ticks.forEach((tick, index) => {
    const at = x(tick);
    const label = labels[index] as string;
    context.textAlign = at + context.measureText(label).width / 2 > width ? "right" : "center";
    context.fillText(label, Math.min(at, width), height - 4);
  });
}

function fewer<T>(items: readonly T[], width: number): T[] {
  const every = Math.max(1, Math.ceil((items.length * LABEL) / width));
  return items.filter((_, index) => index % every === 0);
}

function begin(context: Context, width: number, height: number): void {
  context.clearRect(0, 0, width, height);
  context.font = "11px system-ui, sans-serif";
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
}

/** The axis of counts with its lines; answers how much room it takes at the left. */
function drawCounts(context: Context, { width, height }: Size, most: number, tall: (count: number) => number): number {
  const ticks = countTicks(most);
  const labels = ticks.map((tick) => formatNumber(tick));
  const left = 6 + Math.max(...labels.map((label) => context.measureText(label).width));
  context.textAlign = "right";
  context.textBaseline = "middle";
  ticks.forEach((tick, index) => {
    const y = height - AXIS - tall(tick);
    context.fillStyle = token("--grid");
    context.fillRect(left, Math.round(y), width - left, 1);
    context.fillStyle = token("--muted");
    context.fillText(labels[index] as string, left - 6, y);
  });
  context.textBaseline = "alphabetic";
  return left;
}

/** Steps from left to right, values from bottom to top, the share of a bin as the strength of its colour. */
export function drawHeat(context: Context, { width, height }: Size, all: readonly Histogram[], axis: Values, chosen: number): void {
  const bottom = height - AXIS;
  const column = (width - HEAT_LEFT) / all.length;
  const y = (value: number) => TOP + ((bottom - TOP) * (axis.high - value)) / (axis.high - axis.low || 1);
  begin(context, width, height);
  context.fillStyle = token("--accent");
  all.forEach((item, index) => drawColumn(context, item, HEAT_LEFT + index * column, column, y));
  context.globalAlpha = 1;
  drawHeatAxes(context, { width, height }, all, axis, y);
  const at = all.findIndex((item) => item.step === chosen);
  context.strokeStyle = token("--text");
  context.strokeRect(HEAT_LEFT + at * column + 0.5, TOP - 0.5, Math.max(1, column - 1), bottom - TOP + 1);
}

function drawColumn(context: Context, { counts, low, high }: Histogram, left: number, width: number, y: (value: number) => number): void {
  const most = Math.max(1, ...counts);
  const bin = (high - low) / counts.length;
  counts.forEach((count, place) => {
    if (!count) return;
    const top = y(low + (place + 1) * bin);
    context.globalAlpha = 0.08 + 0.92 * (count / most);
    context.fillRect(left, top, width + 0.5, Math.max(1, y(low + place * bin) - top));
  });
}

function drawHeatAxes(context: Context, { width, height }: Size, all: readonly Histogram[], { low, high }: Values, y: (value: number) => number): void {
  const column = (width - HEAT_LEFT) / all.length;
  const ticks = high > low ? linearTicks(low, high).filter((_, index, list) => list.length < 6 || index % 2 === 0) : [low];
  const labels = exactLabels(ticks, formatNumber);
  context.fillStyle = token("--muted");
  context.textAlign = "right";
  context.textBaseline = "middle";
  ticks.forEach((tick, index) => context.fillText(labels[index] as string, HEAT_LEFT - 6, y(tick)));
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  const steps = fewer(all.map(({ step }, index) => ({ step, index })), width - HEAT_LEFT);
  for (const { step, index } of steps) {
    const text = formatCount(step);
    const half = context.measureText(text).width / 2;
    context.fillText(text, Math.min(HEAT_LEFT + (index + 0.5) * column, width - half), height - 4);
  }
}
