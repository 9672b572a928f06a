// Smoothing of a line: by a running average, by one that knows how far apart the points are, or by a bell.
// The averages are corrected for their start as TensorBoard's is (debiased), so that the first points
// are not dragged towards zero. Non-finite points are passed over, not averaged in.

export type SmoothKind = "ema" | "time" | "gaussian";

export interface Smoothing {
  kind: SmoothKind;
  /** In [0, 1): 0 keeps the line, 0.99 is nearly flat. */
  weight: number;
}

/** The smoothed values, as many as `values`. */
export function smooth(values: Float64Array, weight: number, x?: Float64Array, kind: SmoothKind = "ema"): Float64Array {
  if (kind === "gaussian" && x) return gaussian(values, x, weight);
  return average(values, weight, kind === "time" && x ? x : null);
}

/** With `x` the weight holds for the mean distance of points: twice as far forgets twice as much. */
function average(values: Float64Array, weight: number, x: Float64Array | null): Float64Array {
  const out = new Float64Array(values.length);
  const usual = x ? ((x[x.length - 1] as number) - (x[0] as number)) / Math.max(1, x.length - 1) : 1;
  let mean = 0;
  let correction = 1;
  let last = NaN;
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i] as number;
    if (!Number.isFinite(value)) {
      out[i] = NaN;
      continue;
    }
    const distance = x && usual > 0 && !Number.isNaN(last) ? ((x[i] as number) - last) / usual : 1;
    const kept = weight ** distance;
    mean = mean * kept + (1 - kept) * value;
    correction *= kept;
    // Points on one x change nothing but the first of them.
    out[i] = correction < 1 ? mean / (1 - correction) : value;
    if (x) last = x[i] as number;
  }
  return out;
}

/** So much of the axis is one standard deviation of the bell at full weight. */
const WIDEST = 0.04;

function gaussian(values: Float64Array, x: Float64Array, weight: number): Float64Array {
  const out = new Float64Array(values.length).fill(NaN);
  const length = (x[x.length - 1] as number) - (x[0] as number);
  const sigma = WIDEST * weight * weight * length;
  if (!(sigma > 0)) return values;
  let from = 0;
  for (let i = 0; i < values.length; i += 1) {
    if (!Number.isFinite(values[i] as number)) continue;
    const middle = x[i] as number;
    while ((x[from] as number) < middle - 3 * sigma) from += 1;
    let sum = 0;
    let weights = 0;
    for (let j = from; j < values.length && (x[j] as number) <= middle + 3 * sigma; j += 1) {
      const value = values[j] as number;
      if (!Number.isFinite(value)) continue;
      const bell = Math.exp(-0.5 * (((x[j] as number) - middle) / sigma) ** 2);
      sum += bell * value;
      weights += bell;
    }
    out[i] = sum / weights;
  }
  return out;
}
