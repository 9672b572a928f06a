// How the charts are looked at: the x axis, smoothing, log scale, zoom, filters. All of it is in the URL.

import type { XKind } from "../api/types";
import { param, setQuery, textParam } from "./route";

export const xKind = param<XKind>("x", "step", {
  read: (text) => (text === "time" || text === "relative" ? text : "step"),
  write: (value) => value,
});

export const smoothing = param<number>("smooth", 0, {
  read: (text) => Math.min(Math.max(Number(text) || 0, 0), 0.99),
  write: (value) => String(value),
});

export const logScale = param<boolean>("log", false, {
  read: (text) => text === "1",
  write: (value) => (value ? "1" : ""),
});

/** The stretch of the x axis that is looked at, in the units of `xKind`. */
export type Span = readonly [number, number];

export const zoom = param<Span | null>("zoom", null, { read: readSpan, write: (span) => span?.join(":") ?? "" });

function readSpan(text: string): Span | null {
  const [lo, hi] = text.split(":").map(Number);
  if (lo === undefined || hi === undefined || !(lo < hi)) return null;
  return [lo, hi];
}

/** A zoom means nothing on another axis, so it goes with the old one. */
export function setXKind(kind: XKind): void {
  setQuery({ x: kind === "step" ? "" : kind, zoom: "" });
}

export const chartFilter = textParam("c");
export const runFilter = textParam("q");
export const fullChart = textParam("full");
export const consoleSearch = textParam("find");

export const tab = textParam("tab", "charts");

/** The media step: empty means the newest. */
export const mediaStep = param<number | null>("at", null, {
  read: (text) => (text === "" || Number.isNaN(Number(text)) ? null : Number(text)),
  write: (value) => (value === null ? "" : String(value)),
});

/** System metrics have a step count of their own, so "step" becomes the time since the start. */
export function axisFor(name: string, kind: XKind): XKind {
  return kind === "step" && name.startsWith("sys/") ? "relative" : kind;
}
