// Where the ticks of a y axis stand, and what they say.

import { formatNumber } from "../format";

/** So many ticks, about, are wanted on a y axis. */
const TICKS = 6;

/** Powers of ten, with their twos and fives where there is room; round steps inside less than a decade. */
export function logTicks(low: number, high: number): number[] {
  const decades = Math.log10(high / low);
  if (decades < 1) return linearTicks(low, high);
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const stride = Math.max(1, Math.ceil(decades / TICKS));
  const digits = decades <= 2.5 ? [1, 2, 5] : [1];
  const ticks: number[] = [];
  for (let power = Math.ceil(first / stride) * stride; power <= last; power += stride) {
    for (const digit of digits) ticks.push(Number(`${digit}e${power}`));
  }
  return ticks.filter((tick) => tick >= low && tick <= high);
}

function linearTicks(low: number, high: number): number[] {
  const rough = (high - low) / TICKS;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((digit) => digit * unit >= rough) ?? 10) * unit;
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  const decimals = Math.max(0, Math.min(15, 1 - Math.floor(Math.log10(step))));
  return Array.from({ length: count }, (_, index) => Number(((first + index) * step).toFixed(decimals)));
}

/** Labels with as many digits as the ticks have: 0.99951 beside 0.99952, 76.225G beside 76.2275G. */
export function exactLabels(ticks: readonly number[], format = formatNumber): string[] {
  const distance = Math.abs((ticks[1] ?? 0) - (ticks[0] ?? 0));
  const isExact = (tick: number, digits: number) =>
    Math.abs(Number(tick.toPrecision(digits)) - tick) <= distance * 1e-6;
  const digits = [4, 5, 6, 7, 8, 9, 10].find((count) => ticks.every((tick) => isExact(tick, count)));
  return ticks.map((tick) => format(tick, digits ?? 11));
}
