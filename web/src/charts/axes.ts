// The axes of a chart: ticks and labels for steps, times of day, durations, and plain or log values.

import uPlot from "uplot";
import type { XKind } from "../api/types";
import { formatDuration, formatNumber } from "../format";
import { token } from "../state/theme";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Tick distances of durations that a person reads easily. */
const DURATIONS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
  ...[1, 2, 5, 10, 20, 50, 100].map((count) => count * DAY),
];

/** Steps are whole numbers, and so are their ticks. */
const STEPS = Array.from({ length: 16 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();

export function axes(kind: XKind, log: boolean): uPlot.Axis[] {
  return [xAxis(kind), yAxis(log)];
}

function common(): uPlot.Axis {
  const line = token("--grid");
  return {
    stroke: token("--muted"),
    font: "11px system-ui, sans-serif",
    grid: { stroke: line, width: 1 },
    ticks: { stroke: line, width: 1, size: 4 },
    gap: 4,
  };
}

function xAxis(kind: XKind): uPlot.Axis {
  const axis: uPlot.Axis = { ...common(), scale: "x", size: 26, space: 60 };
  if (kind === "step") return { ...axis, incrs: STEPS, values: (_, ticks) => ticks.map(formatNumber) };
  if (kind === "relative") return { ...axis, incrs: DURATIONS, values: (_, ticks) => ticks.map(formatDuration) };
  return { ...axis, space: 70 };
}

function yAxis(log: boolean): uPlot.Axis {
  return {
    ...common(),
    scale: "y",
    space: 32,
    size: (_, values) => Math.max(34, 14 + 6.5 * Math.max(0, ...(values ?? []).map((text) => (text ?? "").length))),
    values: (_, ticks) => (log ? logLabels(ticks) : distinct(ticks)),
  };
}

/** uPlot gives a log axis nine ticks a decade: label the powers of ten, or 1, 2, 5 where those are few. */
function logLabels(ticks: readonly (number | null)[]): string[] {
  const powers = ticks.filter((tick) => tick !== null && leading(tick) === 1).length;
  const digits = powers >= 2 ? [1] : [1, 2, 5];
  return ticks.map((tick) => (tick !== null && digits.includes(leading(tick)) ? formatNumber(tick) : ""));
}

/** The first digit of a tick: 2 of 0.002. */
function leading(tick: number): number {
  return Math.round(tick / 10 ** Math.floor(Math.log10(tick) + 1e-9));
}

/** Labels of a narrow range need more digits than four: 0.99951, 0.99952. */
function distinct(ticks: readonly number[]): string[] {
  const labels = ticks.map(formatNumber);
  if (new Set(labels).size === labels.length) return labels;
  const distance = Math.abs((ticks[1] as number) - (ticks[0] as number));
  const digits = Math.min(12, Math.max(0, Math.ceil(-Math.log10(distance))));
  return ticks.map((tick) => tick.toFixed(digits));
}
