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

export function linearTicks(low: number, high: number): number[] {
  const rough = (high - low) / TICKS;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((digit) => digit * unit >= rough) ?? 10) * unit;
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  const decimals = Math.max(0, Math.min(15, 1 - Math.floor(Math.log10(step))));
  return Array.from({ length: count }, (_, index) => Number(((first + index) * step).toFixed(decimals)));
}

/** Three or so round counts from 0; a count has no halves, only shares do. */
export function countTicks(most: number): number[] {
  const unit = 10 ** Math.floor(Math.log10(most / 2));
  const rough = [5, 2, 1].map((digit) => digit * unit).find((step) => most / step >= 2) ?? unit;
  const step = Number.isInteger(most) ? Math.max(1, rough) : rough;
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
}

/** The end of an axis of steps: the next round step if it is the one after the last, or hardly farther. */
export function roundEnd(low: number, high: number): number {
  const unit = 10 ** Math.floor(Math.log10(high - low));
  const round = Math.ceil(high / unit) * unit;
  return round - high <= Math.max(1, (high - low) / 200) ? round : high;
}

/** Labels with as many digits as the ticks have: 0.99951 beside 0.99952, 76.225G beside 76.2275G. */
export function exactLabels(ticks: readonly number[], format = formatNumber): string[] {
  const distance = Math.abs((ticks[1] ?? 0) - (ticks[0] ?? 0));
  const isExact = (tick: number, digits: number) =>
    Math.abs(Number(tick.toPrecision(digits)) - tick) <= distance * 1e-6;
  const digits = [4, 5, 6, 7, 8, 9, 10].find((count) => ticks.every((tick) => isExact(tick, count)));
  return ticks.map((tick) => format(tick, digits ?? 11));
}
