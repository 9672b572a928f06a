// Joins what is on the screen with what came after it.

import type { Series } from "../api/types";

const COLUMNS = ["x", "min", "max", "mean", "flags"] as const;

/**
 * Replaces everything from the tail's first x on by the tail. The tail was asked for from the last x
 * that `old` has, so the last bucket, which may have grown, comes again and whole.
 */
export function extend(old: Series, tail: Series): Series {
  if (tail.x.length === 0) return { ...old, version: tail.version };
  const keep = lowerBound(old.x, tail.x[0] as number);
  const joined: Series = { ...tail, downsampled: old.downsampled || tail.downsampled };
  for (const column of COLUMNS) {
    const values = new Float64Array(keep + tail.x.length);
    values.set(old[column].subarray(0, keep));
    values.set(tail[column], keep);
    joined[column] = values;
  }
  return joined;
}

/**
 * A window's series with the nearest points outside of it, taken from the coarser overview, so that a
 * line runs on to the edges. They are points: the range of an overview's bucket is not the window's.
 */
export function withNeighbours(window: Series, overview: Series, [low, high]: readonly [number, number]): Series {
  const before = lowerBound(overview.x, low) - 1;
  const after = lowerBound(overview.x, high);
  // A window that is still being fetched shows coarser buckets, which reach beyond its edges already.
  const first = window.x[0] ?? Infinity;
  const last = window.x[window.x.length - 1] ?? -Infinity;
  const left = before >= 0 && first > (overview.x[before] as number);
  const right = after < overview.x.length && last < (overview.x[after] as number);
  const joined: Series = { ...window };
  for (const column of COLUMNS) {
    const source = column === "x" || column === "flags" ? overview[column] : overview.mean;
    const inside = window[column];
    const values = new Float64Array(Number(left) + inside.length + Number(right));
    values.set(inside, Number(left));
    if (left) values[0] = source[before] as number;
    if (right) values[values.length - 1] = source[after] as number;
    joined[column] = values;
  }
  return joined;
}

/** The first index whose value is not below `wanted`, in a sorted array. */
export function lowerBound(values: Float64Array, wanted: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] as number) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The index of the value nearest to `wanted`; −1 in an empty array. */
export function nearest(values: Float64Array, wanted: number): number {
  const after = lowerBound(values, wanted);
  if (after === 0) return values.length ? 0 : -1;
  if (after === values.length) return after - 1;
  const left = wanted - (values[after - 1] as number);
  return left <= (values[after] as number) - wanted ? after - 1 : after;
}
