// How the charts are looked at: the x axis, smoothing, log scale, zoom, filters. All of it is in the URL.

import { signal } from "@preact/signals";
import type { XKind } from "../api/types";
import type { Smoothing, SmoothKind } from "../smoothing";
import { param, setQuery, textParam, type Param } from "./route";

/** What the x axis is: steps, times, or the values of a metric. */
export interface Axis {
  kind: XKind | "metric";
  /** The metric whose values are the axis; empty for the other kinds. */
  metric: string;
}

const METRIC = "metric:";

export const xAxis = param<Axis>("x", { kind: "step", metric: "" }, { read: readAxis, write: writeAxis });

export function readAxis(text: string): Axis {
  if (text.startsWith(METRIC) && text.length > METRIC.length) return { kind: "metric", metric: text.slice(METRIC.length) };
  return { kind: text === "time" || text === "relative" ? text : "step", metric: "" };
}

export function writeAxis({ kind, metric }: Axis): string {
  return kind === "metric" ? METRIC + metric : kind;
}

export const smoothing = param<number>("smooth", 0, {
  read: (text) => Math.min(Math.max(Number(text) || 0, 0), 0.99),
  write: (value) => String(value),
});

export const smoothKind = param<SmoothKind>("by", "ema", {
  read: (text) => (text === "time" || text === "gaussian" ? text : "ema"),
  write: (value) => value,
});

/** A number, or none. */
function number(): { read(text: string): number | null; write(value: number | null): string } {
  return {
    read: (text) => (text === "" || Number.isNaN(Number(text)) ? null : Number(text)),
    write: (value) => (value === null ? "" : String(value)),
  };
}

/** A setting that is on or off. */
function flag(key: string): Param<boolean> {
  return param(key, false, { read: (text) => text === "1", write: (value) => (value ? "1" : "") });
}

export const logScale = flag("log");

/** Logarithmic x axes, of steps and metrics; an axis of times of day stays as it is. */
export const logX = flag("logx");

/** Whether the y axes leave out what is far from everything else. */
export const clipped = flag("clip");

/** The stretch of the x axis that is looked at, in the units of `xAxis`. */
export type Span = readonly [number, number];

export const zoom = param<Span | null>("zoom", null, { read: readSpan, write: (span) => span?.join(":") ?? "" });

/** The same for charts that have an axis of time beside charts over steps: those of the machine. */
const timeZoom = param<Span | null>("tzoom", null, { read: readSpan, write: (span) => span?.join(":") ?? "" });

export function readSpan(text: string): Span | null {
  const [lo, hi] = text.split(":").map(Number);
  if (lo === undefined || hi === undefined || !(lo < hi)) return null;
  return [lo, hi];
}

/** The x at which the crosshair is pinned in all charts; null while it follows the pointer. */
export const mark = param<number | null>("mark", null, number());
/** The same for charts of the machine beside charts over steps: ms since the start of the run. */
export const timeMark = param<number | null>("tmark", null, number());

/** The chart that was clicked: its values stay in sight. */
export const markedChart = signal("");

/** A zoom and a mark mean nothing on another axis, so they go with the old one. */
export function setAxis(axis: Axis): void {
  const text = writeAxis(axis);
  setQuery({ x: text === "step" ? "" : text, zoom: "", tzoom: "", mark: "", tmark: "" });
}

export const chartFilter = textParam("c");
export const runFilter = textParam("q");
export const fullChart = textParam("full");

/** The column whose values a sweep is judged by; empty for the likeliest one. */
export const sweepGoal = textParam("goal");
export const consoleSearch = textParam("find");
/** The text looked for in the alerts of all runs. */
export const alertSearch = textParam("told");
/** Whether the console shows only the lines that the search found. */
export const consoleOnly = flag("only");
/** The process among several whose lines are shown; empty for all. */
export const consoleRank = textParam("rank");
export const consoleLevel = param<"all" | "warnings" | "errors">("level", "all", {
  read: (text) => (text === "warnings" || text === "errors" ? text : "all"),
  write: (value) => value,
});

/** Whether each device of a machine has a chart of its own. */
export const systemApart = flag("apart");

/** Whether a model is drawn as boxes and edges, or is a tree. */
export const graphDrawn = flag("drawn");

export const tab = textParam("tab", "charts");

/** The media step: empty means the newest. */
export const mediaStep = param<number | null>("at", null, number());

/** System metrics have a step count of their own, so "step" becomes the time since the start. */
export function axisFor(name: string, axis: Axis): Axis {
  const own = axis.kind === "step" || axis.kind === "metric";
  return own && name.startsWith("sys/") ? { kind: "relative", metric: "" } : axis;
}

/** How one chart is looked at. */
export interface ChartLook {
  axis: Axis;
  smoothing: Smoothing;
  log: boolean;
  logX: boolean;
  clip: boolean;
  span: Span | null;
  zoom: Pick<Param<Span | null>, "set">;
  /** What the y axis is kept to. */
  limits: readonly [number | null, number | null];
  mark: Pick<Param<number | null>, "value" | "set">;
}

/** The zoom of charts like that of this metric. */
export function zoomFor(name: string): Param<Span | null> {
  return isOnMainAxis(name) ? zoom : timeZoom;
}

/** Whether the chart of a metric has the x axis that the page has. */
export function isOnMainAxis(name: string): boolean {
  return axisFor(name, xAxis.value).kind === xAxis.value.kind;
}

export function resetZoom(): void {
  setQuery({ zoom: "", tzoom: "" });
}
