// What a chart draws: one line a run, with its band, made from the fetched buckets.

import type { Series } from "../api/types";
import { smooth, type Smoothing } from "../smoothing";
import { lowerBound } from "../series/merge";
import type { Focus } from "../state/focus";

/** How a line looks and what it is called. */
export interface Look {
  label: string;
  color: string;
  dash: readonly number[];
}

export interface Line {
  /** The run, or below zero the group of runs. */
  run: number;
  label: string;
  color: string;
  dash: readonly number[];
  series: Series;
  /** The smoothed means, or the means themselves when there is no smoothing. */
  drawn: Float64Array;
  smoothed: boolean;
  /** How many lines look like this one, itself among them, and its place among these. */
  twins: number;
  turn: number;
  /** Of a group: how many runs there are at each x; the band is then mean ± deviation. */
  counts: Float64Array | null;
}

export function isFocused({ run, series }: Line, focus: Focus | null): boolean {
  return focus !== null && run === focus.run && (focus.metric === null || series.name === focus.metric);
}

export function toLine(
  series: Series,
  look: Look,
  { kind, weight }: Smoothing,
  counts: Float64Array | null = null,
): Line {
  const smoothed = weight > 0;
  return {
    run: series.run,
    ...look,
    series,
    smoothed,
    twins: 1,
    turn: 0,
    counts,
    drawn: smoothed ? smooth(series.mean, weight, series.x, kind) : series.mean,
  };
}

export type Range = [number, number];

/** The x of the first and the last point of all lines; null when there is none. A log axis begins above 0. */
export function xExtent(lines: readonly Line[], log = false): Range | null {
  let low = Infinity;
  let high = -Infinity;
  for (const { series } of lines) {
    const { x } = series;
    if (!x.length) continue;
    const first = log ? lowerBound(x, Number.MIN_VALUE) : 0;
    if (first === x.length) continue;
    low = Math.min(low, x[first] as number);
    high = Math.max(high, x[x.length - 1] as number);
  }
  return low <= high ? [low, high] : null;
}

/** The indices of a line whose x lies in the range, with a neighbour on each side for the edges. */
export function visible(x: Float64Array, [low, high]: Range): [number, number] {
  const from = Math.max(0, lowerBound(x, low) - 1);
  const to = Math.min(x.length, lowerBound(x, high) + 1);
  return [from, to];
}

export interface Extent {
  range: Range | null;
  /** Buckets that hold a value ≤ 0, which a log axis cannot show. */
  hidden: number;
  /** Buckets that reach out of a range which leaves out what is far from everything else. */
  outside: number;
}

/** Lowest minimum and highest maximum in sight: the extremes of every bucket, not its mean. */
export function yExtent(lines: readonly Line[], span: Range, log: boolean, clip = false): Extent {
  let low = Infinity;
  let high = -Infinity;
  let hidden = 0;
  for (const { series, counts } of lines) {
    const [from, to] = visible(series.x, span);
    for (let i = from; i < to; i += 1) {
      const min = series.min[i] as number;
      const max = series.max[i] as number;
      // A deviation may well reach below zero where no value does.
      const least = counts ? (series.mean[i] as number) : min;
      if (log && least <= 0) hidden += 1;
      const bottom = log && min <= 0 ? (least > 0 ? least : max) : min;
      if (!Number.isFinite(bottom) || !Number.isFinite(max) || (log && bottom <= 0)) continue;
      if (bottom < low) low = bottom;
      if (max > high) high = max;
    }
  }
  if (!(low <= high)) return { range: null, hidden, outside: 0 };
  if (!clip) return { range: [low, high], hidden, outside: 0 };
  const range = withoutOutliers(lines, span, [low, high], log);
  return { range, hidden, outside: countOutside(lines, span, range) };
}

/** The means between these shares are what a range without outliers is made from. */
const USUAL = [0.02, 0.98] as const;
/** Beyond the usual values, this part of their extent still belongs to them. */
const MARGIN = 0.5;

function withoutOutliers(lines: readonly Line[], span: Range, [low, high]: Range, log: boolean): Range {
  const scale = log ? Math.log : (value: number) => value;
  const back = log ? Math.exp : (value: number) => value;
  const means = Float64Array.from(
    lines.flatMap(({ series }) => [...series.mean.subarray(...visible(series.x, span))].map(scale).filter(Number.isFinite)),
  ).sort();
  if (means.length < 4) return [low, high];
  const [first, last] = USUAL.map((share) => means[Math.round(share * (means.length - 1))]) as [number, number];
  const room = (last - first) * MARGIN;
  return [Math.max(low, back(first - room)), Math.min(high, back(last + room))];
}

/** Buckets with a value out of the range. */
export function countOutside(lines: readonly Line[], span: Range, [low, high]: Range): number {
  let count = 0;
  for (const { series } of lines) {
    const [from, to] = visible(series.x, span);
    for (let i = from; i < to; i += 1) {
      if ((series.min[i] as number) < low || (series.max[i] as number) > high) count += 1;
    }
  }
  return count;
}

/** Room above and below, so that no line lies on the frame. */
export function padded([low, high]: Range, log: boolean): Range {
  if (log) {
    const room = low === high ? 2 : (high / low) ** 0.05;
    return [low / room, high * room];
  }
  const room = low === high ? Math.abs(low) * 0.1 || 0.5 : (high - low) * 0.06;
  return [low - room, high + room];
}

/** Each label once, as a legend names the lines. */
export function legendOf(lines: readonly Line[]): Look[] {
  return [...new Map(lines.map((line) => [line.label, line])).values()];
}
