// What a person settles for one chart, whatever the toolbar says: `chart.<name>` in the URL.

import { query, keyList, setQuery } from "./route";
import type { SmoothKind } from "../smoothing";
import { readAxis, readSpan, writeAxis, type Axis, type Span } from "./view";

/** The ends of a y axis; null is as the values have it. */
export type Limits = readonly [number | null, number | null];

export interface OwnLook {
  axis?: Axis | undefined;
  log?: boolean | undefined;
  limits?: Limits | undefined;
  smooth?: number | undefined;
  by?: SmoothKind | undefined;
  /** The stretch of an x axis of its own. */
  zoom?: Span | undefined;
}

const PREFIX = "chart.";

export function ownLook(name: string): OwnLook {
  return readOwn(query.value[PREFIX + name] ?? "");
}

/** Changes some settings of a chart; undefined goes back to what the toolbar says. */
export function setOwn(name: string, changes: OwnLook): void {
  setQuery({ [PREFIX + name]: writeOwn({ ...ownLook(name), ...changes }) });
}

export function hasOwn(name: string): boolean {
  return PREFIX + name in query.value;
}

export function clearOwn(name: string): void {
  setQuery({ [PREFIX + name]: "" });
}

/** `log,y:0:1,x:relative,smooth:0.6,by:gaussian,zoom:10:20`; what is not understood is left out. */
export function readOwn(text: string): OwnLook {
  const own: OwnLook = {};
  for (const item of keyList.read(text)) {
    const [key, rest] = [item.split(":", 1)[0], item.slice(item.indexOf(":") + 1)];
    if (item === "log" || item === "linear") own.log = item === "log";
    else if (key === "x") own.axis = readAxis(rest);
    else if (key === "y") own.limits = readLimits(rest);
    else if (key === "smooth") own.smooth = Math.min(Math.max(Number(rest) || 0, 0), 0.99);
    else if (key === "by" && (rest === "ema" || rest === "time" || rest === "gaussian")) own.by = rest;
    else if (key === "zoom") own.zoom = readSpan(rest) ?? undefined;
  }
  return own;
}

export function writeOwn({ axis, log, limits, smooth, by, zoom }: OwnLook): string {
  return keyList.write([
    ...(log === undefined ? [] : [log ? "log" : "linear"]),
    ...(limits && limits.some((end) => end !== null) ? [`y:${limits[0] ?? ""}:${limits[1] ?? ""}`] : []),
    ...(axis ? [`x:${writeAxis(axis)}`] : []),
    ...(smooth === undefined ? [] : [`smooth:${smooth}`]),
    ...(by === undefined ? [] : [`by:${by}`]),
    ...(zoom ? [`zoom:${zoom.join(":")}`] : []),
  ]);
}

function readLimits(text: string): Limits | undefined {
  const [low, high] = text.split(":").map((end) => (end === "" || Number.isNaN(Number(end)) ? null : Number(end)));
  if (low === undefined || high === undefined || (low !== null && high !== null && low >= high)) return undefined;
  return [low, high];
}
