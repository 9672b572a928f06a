// Numbers, sizes and times as a person reads them; the exact value belongs in a title.

import type { Scalar } from "./api/types";

const SUFFIXES: readonly [number, string][] = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];

/** JSON's words for non-finite numbers turned back into numbers. */
export function toNumber(value: unknown): number | null {
  if (typeof value === "number") return value;
  if (value === "NaN") return NaN;
  if (value === "Infinity") return Infinity;
  if (value === "-Infinity") return -Infinity;
  return null;
}

/** Four significant digits, or more: 0.1235, 12.35, 12.4k, 1.2e-7, NaN, ∞. */
export function formatNumber(value: number, digits = 4): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e15) return minus(value.toExponential(digits - 2));
  for (const [unit, suffix] of SUFFIXES) {
    // 9,999 and below are short enough to stand as they are.
    if (size >= unit && size >= 1e4) return minus(trim((value / unit).toPrecision(digits)) + suffix);
  }
  return minus(trim(value.toPrecision(digits)));
}

/** How far values are apart: two digits, or all those before the point. */
export function formatDeviation(value: number): string {
  return formatNumber(value, value >= 100 ? 4 : 2);
}

/** A whole number with thousands separators: 41,200. */
export function formatCount(value: number): string {
  return minus(Math.round(value).toLocaleString("en-US"));
}

export function formatScalar(value: Scalar | null | undefined): string {
  const number = toNumber(value);
  return number === null ? "" : formatNumber(number);
}

/** Any config or summary value in one line. */
export function formatValue(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return Number.isInteger(value) && Math.abs(value) < 1e7 ? String(value) : formatNumber(value);
  if (typeof value === "string") return value;
  return JSON.stringify(value);
}

/** The whole value, for a title or the clipboard. */
export function exactValue(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

export function formatBytes(bytes: number, digits = 3): string {
  if (bytes < 0) return `−${formatBytes(-bytes, digits)}`;
  const units = ["B", "kB", "MB", "GB", "TB"];
  let index = 0;
  let size = bytes;
  // 999.9 kB in three digits is 1 MB.
  while (Number(size.toPrecision(digits)) >= 1000 && index < units.length - 1) {
    size /= 1000;
    index += 1;
  }
  return `${trim(size.toPrecision(digits))} ${units[index]}`;
}

/** 850 ms, 12.3 s, 4 min 5 s, 1 h 12 min, 3 d 4 h. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return "";
  if (ms === 0) return "0";
  if (ms < 0) return `−${formatDuration(-ms)}`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${trim(seconds.toFixed(seconds < 10 ? 1 : 0))} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return two(whole, 60, "min", 1, "s");
  if (whole < 86400) return two(whole, 3600, "h", 60, "min");
  return two(whole, 86400, "d", 3600, "h");
}

function two(value: number, big: number, bigName: string, small: number, smallName: string): string {
  const first = Math.floor(value / big);
  const second = Math.floor((value % big) / small);
  return second ? `${first} ${bigName} ${second} ${smallName}` : `${first} ${bigName}`;
}

/** "just now", "5 min ago", "3 h ago", then the date. */
export function formatAgo(time: number, now: number): string {
  const age = now - time;
  if (age < 60_000) return "just now";
  if (age < 3_600_000) return `${Math.floor(age / 60_000)} min ago`;
  if (age < 86_400_000) return `${Math.floor(age / 3_600_000)} h ago`;
  if (age < 7 * 86_400_000) return `${Math.floor(age / 86_400_000)} d ago`;
  return formatDate(time).slice(0, 10);
}

/** Local time without ambiguity: 2026-11-21 14:03:09. */
export function formatDate(time: number): string {
  const date = new Date(time);
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(pad).join("-");
  return `${day} ${formatClock(time)}`;
}

export function formatClock(time: number): string {
  const date = new Date(time);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(pad).join(":");
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}

function trim(text: string): string {
  return text.includes(".") && !text.includes("e") ? text.replace(/\.?0+$/, "") : text;
}

function minus(text: string): string {
  return text.startsWith("-") ? `−${text.slice(1)}` : text;
}
