// What a chart draws: one line a run, with its band, made from the fetched buckets.

import type { Series } from "../api/types";
import { smooth } from "../smoothing";
import { lowerBound } from "../series/merge";

export interface Line {
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
}

export function toLine(
  series: Series,
  look: { label: string; color: string; dash: readonly number[] },
  weight: number,
): Line {
  const smoothed = weight > 0;
  return {
    run: series.run,
    ...look,
    series,
    smoothed,
    twins: 1,
    turn: 0,
    drawn: smoothed ? smooth(series.mean, weight) : series.mean,
  };
}

export type Range = [number, number];

/** The x of the first and the last point of all lines; null when there is no point at all. */
export function xExtent(lines: readonly Line[]): Range | null {
  let low = Infinity;
  let high = -Infinity;
  for (const { series } of lines) {
    const { x } = series;
    if (!x.length) continue;
    low = Math.min(low, x[0] as number);
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
}

/** Lowest minimum and highest maximum in sight: the extremes of every bucket, not its mean. */
export function yExtent(lines: readonly Line[], span: Range, log: boolean): Extent {
  let low = Infinity;
  let high = -Infinity;
  let hidden = 0;
  for (const { series } of lines) {
    const [from, to] = visible(series.x, span);
    for (let i = from; i < to; i += 1) {
      const min = series.min[i] as number;
      const max = series.max[i] as number;
      if (log && min <= 0) hidden += 1;
      const bottom = log && min <= 0 ? max : min;
      if (!Number.isFinite(bottom) || !Number.isFinite(max) || (log && bottom <= 0)) continue;
      if (bottom < low) low = bottom;
      if (max > high) high = max;
    }
  }
  return { range: low <= high ? [low, high] : null, hidden };
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
