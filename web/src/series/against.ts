// A metric over another one: both were logged at steps, so each point takes the other's value at its step.

import type { Series } from "../api/types";
import { lowerBound } from "./merge";

const COLUMNS = ["min", "max", "mean", "flags"] as const;

/** The series `y` over the values of `x`, in the order of these; points where `x` is not a number are left out. */
export function against(y: Series, x: Series): Series {
  const places = Float64Array.from(y.x, (step) => valueAt(x, step));
  const order = [...places.keys()].filter((index) => Number.isFinite(places[index] as number));
  order.sort((a, b) => (places[a] as number) - (places[b] as number) || a - b);
  const joined: Series = { ...y, x: Float64Array.from(order, (index) => places[index] as number) };
  for (const column of COLUMNS) joined[column] = Float64Array.from(order, (index) => y[column][index] as number);
  return joined;
}

/** The value at a step; between two points on the way from one to the other, beyond the ends none. */
function valueAt({ x, mean }: Series, step: number): number {
  const after = lowerBound(x, step);
  if (after >= x.length) return NaN;
  if (x[after] === step) return mean[after] as number;
  if (after === 0) return NaN;
  const [left, right] = [x[after - 1] as number, x[after] as number];
  const share = (step - left) / (right - left);
  return (mean[after - 1] as number) * (1 - share) + (mean[after] as number) * share;
}

/** The steps between which a metric has values of this stretch, so that detail of just these can be fetched. */
export function stepsWithin(overviews: readonly Series[], [low, high]: readonly [number, number]): [number, number] | null {
  let first = Infinity;
  let last = -Infinity;
  for (const { x, min, max } of overviews) {
    for (let i = 0; i < x.length; i += 1) {
      if ((max[i] as number) < low || (min[i] as number) > high || Number.isNaN(max[i] as number)) continue;
      // A bucket reaches to where the next one begins.
      first = Math.min(first, x[Math.max(0, i - 1)] as number);
      last = Math.max(last, x[Math.min(x.length - 1, i + 1)] as number);
    }
  }
  return first < last ? [first, last] : null;
}
