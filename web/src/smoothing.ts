// Exponential moving average, corrected for its start as TensorBoard's is (debiased), so that the
// first points are not dragged towards zero. Non-finite points are passed over, not averaged in.

/** `weight` is in [0, 1): 0 keeps the line, 0.99 is nearly flat. The answer has the length of `values`. */
export function smooth(values: Float64Array, weight: number): Float64Array {
  const out = new Float64Array(values.length);
  let average = 0;
  let correction = 1;
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i] as number;
    if (!Number.isFinite(value)) {
      out[i] = NaN;
      continue;
    }
    average = average * weight + (1 - weight) * value;
    correction *= weight;
    out[i] = average / (1 - correction);
  }
  return out;
}
