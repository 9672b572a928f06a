// The curve of a cell as a path, and the range that the curves of a column share.

import type { Series } from "../api/types";

/** Of a cell's drawing, in pixels; the edge stays free for the stroke. */
export const WIDTH = 96;
export const HEIGHT = 20;
const EDGE = 2;

export interface Range {
  low: number;
  high: number;
}

/**
 * From the lowest to the highest value within 1.5 times the distance of the quartiles from these (Tukey's fences): a run that
 * diverged, or the first steps of all, do not flatten the rest. Null without any number.
 */
export function rangeOf(values: readonly number[]): Range | null {
  const sorted = Float64Array.from(values.filter(Number.isFinite)).sort();
  if (!sorted.length) return null;
  const quartile = (share: number) => sorted[Math.round(share * (sorted.length - 1))] as number;
  const [lower, upper] = [quartile(0.25), quartile(0.75)];
  const reach = 1.5 * (upper - lower);
  const low = sorted.find((value) => value >= lower - reach) as number;
  const high = sorted.findLast((value) => value <= upper + reach) as number;
  return { low, high };
}

interface Shape {
  line: string;
  low: number;
  high: number;
  /** A mark at the edge that the line ends beyond; empty where it ends within the range. */
  beyond: string;
}

/**
 * The line, with a stroke where a bucket has a range of its own, and the extremes; null without any number. What is outside of the
 * range of the column runs along the edge. Without such a range the line fills its cell.
 */
export function shapeOf({ x, mean, min, max }: Pick<Series, "x" | "mean" | "min" | "max">, shared: Range | null): Shape | null {
  const low = min.filter(Number.isFinite).reduce((a, b) => Math.min(a, b), Infinity);
  const high = max.filter(Number.isFinite).reduce((a, b) => Math.max(a, b), -Infinity);
  if (!(low <= high)) return null;
  const place = scale(x[0] as number, x[x.length - 1] as number, EDGE, WIDTH - EDGE);
  const range = shared ?? { low, high };
  const rise = scale(range.low, range.high, HEIGHT - EDGE, EDGE);
  const at = (index: number, value: number) => `${place(x[index] as number).toFixed(1)} ${rise(value).toFixed(2)}`;
  let line = "";
  let drawing = false;
  mean.forEach((value, index) => {
    const known = Number.isFinite(value);
    if (known) {
      const all = [value, max[index] as number, min[index] as number, value];
      line += (drawing ? "L" : "M") + all.map((each) => at(index, each)).join("L");
    }
    drawing = known;
  });
  const last = mean.findLast(Number.isFinite) as number;
  return { line, low, high, beyond: last > range.high ? ABOVE : last < range.low ? BELOW : "" };
}

const ABOVE = `M${WIDTH - 7} 5.5h6l-3 -5z`;
const BELOW = `M${WIDTH - 7} ${HEIGHT - 5.5}h6l-3 5z`;

/** What is beyond an end stands at it. */
function scale(low: number, high: number, from: number, to: number): (value: number) => number {
  if (low === high) return (value) => (value === low ? (from + to) / 2 : value < low ? from : to);
  return (value) => from + Math.min(1, Math.max(0, (value - low) / (high - low))) * (to - from);
}
