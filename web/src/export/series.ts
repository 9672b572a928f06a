// Answers requests for series from the buckets that were exported, in the layout of the server's answer.

import type { SeriesRequest } from "../api/types";

const COLUMNS = 5;
type Columns = readonly Float64Array[];

/** As it was exported: columns in base64; `step` and `time` are [x, mean] where nothing else would be told. */
export interface StoredSeries {
  downsampled: boolean;
  step: string[];
  time: string[];
}

export interface Found {
  run: number;
  name: string;
  /** When the run was created, in ms since 1970. */
  start: number;
  stored: StoredSeries;
}

export function seriesAnswer(found: readonly Found[], request: SeriesRequest): ArrayBuffer {
  const all = found.map((one) => ({ one, columns: thinned(within(columnsOf(one, request.x), request), request.buckets) }));
  let offset = 0;
  const series = all.map(({ one: { run, name, stored }, columns }) => {
    const n = (columns[0] as Float64Array).length;
    const entry = { run, name, n, offset, downsampled: stored.downsampled, version: 1 };
    offset += n * COLUMNS * 8;
    return entry;
  });
  const head = new TextEncoder().encode(JSON.stringify({ series }));
  const length = head.length + ((8 - ((head.length + 4) % 8)) % 8);
  const body = new Uint8Array(4 + length + offset).fill(32, 4, 4 + length);
  new DataView(body.buffer).setUint32(0, length, true);
  body.set(head, 4);
  let at = 4 + length;
  for (const column of all.flatMap(({ columns }) => columns)) {
    body.set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength), at);
    at += column.byteLength;
  }
  return body.buffer;
}

function columnsOf({ stored, start }: Found, kind: SeriesRequest["x"]): Columns {
  const columns = (kind === "step" ? stored.step : stored.time).map(decoded);
  const [x, mean] = columns as [Float64Array, Float64Array];
  const moved = kind === "relative" ? x.map((value) => value - start) : x;
  return columns.length === COLUMNS ? [moved, ...columns.slice(1)] : [moved, mean, mean, mean, new Float64Array(x.length)];
}

/** Each step with its time, as `GET /api/runs/metrics` writes it. */
export function stepsWithTimes({ step, time }: StoredSeries): { step: number; time: string }[] {
  const times = decoded(time[0] as string);
  return [...decoded(step[0] as string)].map((each, index) => ({
    step: each,
    time: new Date(times[index] as number).toISOString().replace("T", " ").replace("Z", ""),
  }));
}

function decoded(text: string): Float64Array {
  return new Float64Array(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
}

function within(columns: Columns, { lo, hi }: SeriesRequest): Columns {
  const x = columns[0] as Float64Array;
  const from = lo === null ? 0 : x.findIndex((value) => value >= lo);
  const end = hi === null ? -1 : x.findIndex((value) => value > hi);
  if (from < 0) return columns.map(() => new Float64Array(0));
  return columns.map((column) => column.slice(from, end < 0 ? column.length : end));
}

/** Joins neighbours until there are no more buckets than asked for; extremes stay. */
function thinned(columns: Columns, most: number): Columns {
  const [x, min, max, mean, flags] = columns as [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array];
  const stride = Math.ceil(x.length / Math.max(1, most));
  if (stride <= 1) return columns;
  const count = Math.ceil(x.length / stride);
  const joined = Array.from({ length: COLUMNS }, () => new Float64Array(count)) as [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array];
  for (let at = 0; at < count; at += 1) {
    const range = [at * stride, Math.min(x.length, (at + 1) * stride)] as const;
    const finite = [...mean.subarray(...range)].filter((value) => !Number.isNaN(value));
    joined[0][at] = x[range[0]] as number;
    joined[1][at] = least(min.subarray(...range), Math.min);
    joined[2][at] = least(max.subarray(...range), Math.max);
    joined[3][at] = finite.length ? finite.reduce((a, b) => a + b, 0) / finite.length : NaN;
    joined[4][at] = flags.subarray(...range).reduce((all, flag) => all | flag, 0);
  }
  return joined;
}

function least(values: Float64Array, choose: (a: number, b: number) => number): number {
  return values.reduce((a, b) => (Number.isNaN(a) ? b : Number.isNaN(b) ? a : choose(a, b)), NaN);
}
