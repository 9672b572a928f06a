// Reads the traces of a Plotly figure that can be drawn here: lines, markers, bars, heat maps.

import type { Figure } from "./kinds";

export interface Trace {
  kind: "line" | "markers" | "bar" | "heat";
  name: string;
  x: (number | string)[];
  y: (number | string)[];
  /** Of a heat map: rows from bottom to top. */
  z: number[][];
}

export interface Drawing {
  title: string;
  xTitle: string;
  yTitle: string;
  traces: Trace[];
  /** Types of traces that only Plotly itself can draw. */
  unknown: string[];
}

type Json = Record<string, unknown>;

export function readFigure({ data, layout }: Figure): Drawing {
  const traces = data.map(readTrace);
  return {
    title: titleOf(layout.title),
    xTitle: titleOf((layout.xaxis as Json | undefined)?.title),
    yTitle: titleOf((layout.yaxis as Json | undefined)?.title),
    traces: traces.filter((trace) => typeof trace !== "string"),
    unknown: [...new Set(traces.filter((trace) => typeof trace === "string"))],
  };
}

function titleOf(title: unknown): string {
  const text = typeof title === "object" && title !== null ? (title as Json).text : title;
  // Plotly allows some markup in titles; here they are plain words.
  return typeof text === "string" ? text.replaceAll(/<[^>]*>/g, "") : "";
}

/** The trace, or the name of its type where it cannot be drawn. */
function readTrace(trace: Json, index: number): Trace | string {
  const type = typeof trace.type === "string" ? trace.type : "scatter";
  const name = typeof trace.name === "string" ? trace.name : `trace ${index}`;
  if (type === "heatmap" && Array.isArray(trace.z)) {
    const z = trace.z.filter(Array.isArray).map((row: unknown[]) => row.map(Number));
    return { kind: "heat", name, x: list(trace.x), y: list(trace.y), z };
  }
  if (!["scatter", "scattergl", "bar"].includes(type) || trace.orientation === "h") return type;
  const y = list(trace.y);
  const x = Array.isArray(trace.x) ? list(trace.x) : y.map((_, place) => place);
  const length = Math.min(x.length, y.length);
  const markers = trace.mode === "markers";
  return { kind: type === "bar" ? "bar" : markers ? "markers" : "line", name, x: x.slice(0, length), y: y.slice(0, length), z: [] };
}

function list(values: unknown): (number | string)[] {
  if (!Array.isArray(values)) return [];
  return values.map((value) => (typeof value === "number" ? value : String(value)));
}

export interface Axis {
  low: number;
  high: number;
  /** Names at whole positions, where the values are no numbers. */
  names: string[] | null;
}

/** The axis over all values: numbers as they are, anything else by its place in the order of appearance. */
export function axisOf(values: readonly (number | string)[], zero: boolean): Axis {
  if (values.some((value) => typeof value !== "number")) {
    const names = [...new Set(values.map(String))];
    return { low: -0.5, high: names.length - 0.5, names };
  }
  const finite = (values as number[]).filter(Number.isFinite);
  const low = Math.min(zero ? 0 : Infinity, ...finite.slice(0, 1), finite.reduce((a, b) => Math.min(a, b), Infinity));
  const high = Math.max(zero ? 0 : -Infinity, finite.reduce((a, b) => Math.max(a, b), -Infinity));
  return high > low ? { low, high, names: null } : { low: (Number.isFinite(low) ? low : 0) - 0.5, high: (Number.isFinite(high) ? high : 0) + 0.5, names: null };
}

export function placeOn(axis: Axis, value: number | string): number {
  const number = axis.names ? axis.names.indexOf(String(value)) : Number(value);
  return (number - axis.low) / (axis.high - axis.low);
}
