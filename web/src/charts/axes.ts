// The axes of a chart: ticks and labels for steps, times of day, durations, and plain or log values.

import uPlot from "uplot";
import type { Axis } from "../state/view";
import { formatDuration } from "../format";
import { token } from "../state/theme";
import { exactLabels, logTicks } from "./ticks";
import { formatIn, type Unit } from "./units";

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

interface Axes {
  x: Axis;
  log: boolean;
  logX: boolean;
  unit: Unit;
}

export function axes({ x, log, logX, unit }: Axes): uPlot.Axis[] {
  return [logX ? logarithmic(xAxis(x.kind)) : xAxis(x.kind), yAxis(log, unit)];
}

/** uPlot's own log ticks need a range that begins at a round number; ours begins where the data does. */
function logarithmic(axis: uPlot.Axis): uPlot.Axis {
  return { ...axis, splits: (_, __, low, high) => logTicks(low, high), filter: (_, ticks) => ticks };
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

function xAxis(kind: Axis["kind"]): uPlot.Axis {
  const axis: uPlot.Axis = { ...common(), scale: "x", size: 26, space: 60 };
  if (kind === "step") return { ...axis, incrs: STEPS, values: (_, ticks) => exactLabels(ticks) };
  if (kind === "relative") return { ...axis, incrs: DURATIONS, values: (_, ticks) => ticks.map((tick) => formatDuration(tick)) };
  if (kind === "metric") return { ...axis, values: (_, ticks) => exactLabels(ticks) };
  return { ...axis, space: 70 };
}

function yAxis(log: boolean, unit: Unit): uPlot.Axis {
  const axis: uPlot.Axis = {
    ...common(),
    scale: "y",
    space: 32,
    size: (_, values) => Math.max(34, 14 + 6.5 * Math.max(0, ...(values ?? []).map((text) => (text ?? "").length))),
    values: (_, ticks) => exactLabels(ticks, (tick, digits) => formatIn(unit, tick, digits)),
  };
  return log ? logarithmic(axis) : axis;
}
