// Where values stand on an axis of a panel: numbers by their size, all else one beside the other.

import { formatNumber, formatValue } from "../format";
import type { Column } from "../runs/columns";
import { exactLabels, linearTicks, logTicks } from "../charts/ticks";

export interface Scale {
  /** From 0 to 1; NaN for what is not on the axis. */
  place(value: unknown): number;
  ticks: { at: number; label: string }[];
  log: boolean;
}

/** More different words than this are not labelled one by one. */
const MOST_WORDS = 12;

/** From here on the largest is of another order of magnitude than the smallest. */
const MAGNITUDES = 30;

/** The scale of a column: logarithmic for a setting that was tried by its magnitude, as learning rates are. */
export function scaleFor(column: Pick<Column, "measured">, values: readonly unknown[]): Scale {
  const numbers = values.filter((value): value is number => typeof value === "number" && value > 0 && Number.isFinite(value));
  const known = values.filter((value) => value !== null && value !== undefined);
  const ratio = numbers.reduce((a, b) => Math.max(a, b), 0) / numbers.reduce((a, b) => Math.min(a, b), Infinity);
  return scaleOf(values, !column.measured && numbers.length === known.length && ratio >= MAGNITUDES);
}

export function scaleOf(values: readonly unknown[], log = false): Scale {
  const known = values.filter((value) => value !== null && value !== undefined && value !== "");
  const numbers = known.filter((value): value is number => typeof value === "number");
  const finite = numbers.filter((value) => Number.isFinite(value) && (!log || value > 0));
  return numbers.length === known.length && finite.length ? numeric(finite, log) : words(known);
}

function numeric(values: readonly number[], log: boolean): Scale {
  const size = log ? Math.log10 : (value: number) => value;
  const least = values.reduce((a, b) => Math.min(a, b));
  const most = values.reduce((a, b) => Math.max(a, b));
  const room = least === most ? (log ? 0.5 : Math.abs(least) * 0.1 || 0.5) : (size(most) - size(least)) * 0.05;
  const [low, high] = [size(least) - room, size(most) + room];
  const place = (value: unknown) => (typeof value === "number" && Number.isFinite(value) ? (size(value) - low) / (high - low) : NaN);
  const [first, last] = log ? [10 ** low, 10 ** high] : [low, high];
  const ticks = (log ? logTicks(first, last) : linearTicks(first, last)).filter((tick) => tick >= first && tick <= last);
  const labels = exactLabels(ticks, formatNumber);
  return { place, log, ticks: ticks.map((tick, index) => ({ at: place(tick), label: labels[index] ?? "" })) };
}

function words(values: readonly unknown[]): Scale {
  const text = (value: unknown) => JSON.stringify(value) ?? "";
  const known = [...new Map(values.map((value) => [text(value), value])).entries()];
  known.sort(([, a], [, b]) => formatValue(a).localeCompare(formatValue(b), undefined, { numeric: true }));
  const places = new Map(known.map(([key], index) => [key, (index + 0.5) / known.length]));
  const stride = Math.ceil(known.length / MOST_WORDS);
  return {
    log: false,
    place: (value) => places.get(text(value)) ?? NaN,
    ticks: known
      .filter((_, index) => index % stride === 0)
      .map(([key, value]) => ({ at: places.get(key) as number, label: formatValue(value) })),
  };
}

/** A colour between two ends, for a place from 0 to 1: told apart by lightness too, in both themes. */
export function shade(place: number, dark: boolean): string {
  if (Number.isNaN(place)) return dark ? "#5c6470" : "#b4bac4";
  const ends = dark
    ? [[122, 96, 230], [255, 214, 92]]
    : [[59, 28, 140], [214, 96, 12]];
  const [from, to] = ends as [number[], number[]];
  const mixed = from.map((part, index) => Math.round(part + ((to[index] as number) - part) * place));
  return `rgb(${mixed.join(" ")})`;
}
