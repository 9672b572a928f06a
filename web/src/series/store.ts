// The series that charts have fetched, kept up to date while a chart looks at them.
//
// A chart watches entries; the entries that are missing or behind are fetched in one batch a frame. A
// tick of the live stream only says that a run has a new version: an entry then asks for what came
// after its last x, never for its history again. A chart out of sight watches nothing and costs nothing.

import { signal, type Signal } from "@preact/signals";
import { fetchSeries } from "../api/client";
import { asApiError, type ApiError } from "../api/http";
import type { Series, SeriesRequest, XKind } from "../api/types";
import { soon } from "../parts/soon";
import { pack, type Want } from "./batch";
import { extend } from "./merge";

export interface SeriesKey {
  run: number;
  name: string;
  x: XKind;
  lo: number | null;
  hi: number | null;
  buckets: number;
}

export interface SeriesState {
  series: Series | null;
  error: ApiError | null;
}

export interface Entry {
  readonly key: SeriesKey;
  readonly state: Signal<SeriesState>;
  watchers: number;
  busy: boolean;
  /** The newest version that the entry was brought up to, or that was asked for when it failed. */
  seen: number;
}

/** Series kept although no chart looks at them, so that scrolling back is free. */
const KEPT = 1500;

const entries = new Map<string, Entry>();
const latest = new Map<number, number>();
const queue = new Set<Entry>();
let scheduled = false;

function idOf(key: SeriesKey): string {
  return [key.run, key.x, key.lo, key.hi, key.buckets, key.name].join("|");
}

/** The entry of a series, fetched soon if need be; give it back with `release`. */
export function watch(key: SeriesKey): Entry {
  const entry = entryOf(key);
  entry.watchers += 1;
  if (isBehind(entry) || entry.state.peek().error) enqueue(entry);
  return entry;
}

/** Fetches series at once that a chart will want in a moment; resolves when they are there or failed. */
export async function prefetch(keys: readonly SeriesKey[]): Promise<void> {
  keys.map(entryOf).filter(isBehind).forEach((entry) => queue.add(entry));
  await flush();
}

/** What charts look at now. */
export function watchedKeys(): SeriesKey[] {
  return [...entries.values()].filter(({ watchers }) => watchers > 0).map(({ key }) => key);
}

function entryOf(key: SeriesKey): Entry {
  const id = idOf(key);
  let entry = entries.get(id);
  if (!entry) {
    entry = { key, state: signal({ series: null, error: null }), watchers: 0, busy: false, seen: -1 };
    entries.set(id, entry);
    forgetOldest();
  }
  return entry;
}

export function release(entry: Entry): void {
  entry.watchers -= 1;
  if (entry.watchers === 0) queue.delete(entry);
}

/** What is held of the whole axis for the series of a window; null when it was never fetched. */
export function overviewOf(key: SeriesKey): Series | null {
  return entries.get(idOf({ ...key, lo: null, hi: null }))?.state.peek().series ?? null;
}

/** Tries one series again. */
export function retry(entry: Entry): void {
  enqueue(entry);
}

/** Takes note of a run's version and brings the entries that are looked at up to it. */
export function runChanged(run: number, version: number): void {
  if ((latest.get(run) ?? -1) >= version) return;
  latest.set(run, version);
  for (const entry of entries.values()) {
    if (entry.key.run === run && entry.watchers > 0 && isBehind(entry)) enqueue(entry);
  }
}

/** Fetches the whole of a run's series again, for the last time: rows may have come out of order. */
export function runEnded(run: number): void {
  for (const entry of entries.values()) {
    if (entry.key.run !== run) continue;
    entry.seen = -1;
    if (entry.watchers > 0) enqueue(entry, true);
    else entry.state.value = { series: null, error: null };
  }
}

/** Tries again all that failed and is looked at: the server is back. */
export function retryFailed(): void {
  for (const entry of entries.values()) {
    if (entry.watchers > 0 && entry.state.peek().error) enqueue(entry);
  }
}

function isBehind(entry: Entry): boolean {
  const { series, error } = entry.state.peek();
  if (!series && !error) return true;
  return entry.seen < (latest.get(entry.key.run) ?? -1) && !isPast(entry.key);
}

/** Whether a window ends before the newest point that is known, so that nothing new can fall into it. */
function isPast(key: SeriesKey): boolean {
  if (key.hi === null) return false;
  const overview = overviewOf(key);
  const last = overview?.x[overview.x.length - 1];
  return last !== undefined && last > key.hi;
}

const whole = new Set<Entry>();

function enqueue(entry: Entry, all = false): void {
  if (all) whole.add(entry);
  queue.add(entry);
  if (scheduled) return;
  scheduled = true;
  // A macrotask later all charts that became visible together have asked.
  soon(() => void flush());
}

async function flush(): Promise<void> {
  scheduled = false;
  const ready = [...queue].filter((entry) => !entry.busy);
  ready.forEach((entry) => queue.delete(entry));
  // An answer may have brought what a tick announced meanwhile.
  const due = ready.filter((entry) => whole.has(entry) || isBehind(entry) || entry.state.peek().error);
  const wants = new Map<string, { entry: Entry; tail: boolean }>();
  const list: Want[] = due.map((entry) => {
    const want = wantOf(entry);
    entry.busy = true;
    entry.seen = Math.max(entry.seen, latest.get(entry.key.run) ?? -1);
    wants.set(`${entry.key.run}|${axisOf(want)}|${want.name}`, { entry, tail: want.since !== null });
    return want;
  });
  await Promise.all(pack(list).map((request) => load(request, wants)));
}

function axisOf(of: { x: XKind; lo: number | null; hi: number | null; buckets: number }): string {
  return [of.x, of.lo, of.hi, of.buckets].join("|");
}

/** The whole window, or only its end where the window is already there. */
function wantOf(entry: Entry): Want {
  const { key } = entry;
  const { series } = entry.state.peek();
  const full = whole.delete(entry);
  const last = series?.x[series.x.length - 1];
  // After the buckets have doubled the window is thinned afresh, by the server.
  if (full || !series || last === undefined || series.x.length > key.buckets * 2) return { ...key, since: null };
  return { ...key, lo: last, since: series.version };
}

async function load(
  request: SeriesRequest,
  wants: ReadonlyMap<string, { entry: Entry; tail: boolean }>,
): Promise<void> {
  const axis = axisOf(request);
  const asked = request.runs.flatMap((run) =>
    request.names.flatMap((name) => wants.get(`${run}|${axis}|${name}`) ?? []),
  );
  try {
    const answers = await fetchSeries(request);
    const byId = new Map(answers.map((series) => [`${series.run}|${series.name}`, series]));
    for (const { entry, tail } of asked) settle(entry, byId.get(`${entry.key.run}|${entry.key.name}`), tail);
  } catch (error) {
    for (const { entry } of asked) {
      entry.state.value = { series: entry.state.peek().series, error: asApiError(error) };
    }
  }
  for (const { entry } of asked) {
    entry.busy = false;
    if (entry.watchers > 0 && isBehind(entry)) enqueue(entry);
  }
  if (queue.size) enqueue([...queue][0] as Entry);
}

function settle(entry: Entry, answer: Series | undefined, tail: boolean): void {
  const old = entry.state.peek().series;
  // A run that lacks the metric, or has nothing new, may be left out of the answer.
  if (!answer) entry.state.value = { series: old ?? emptySeries(entry.key), error: null };
  else entry.state.value = { series: tail && old ? extend(old, answer) : answer, error: null };
  entry.seen = Math.max(entry.seen, answer?.version ?? -1);
}

function emptySeries({ run, name }: SeriesKey): Series {
  const none = new Float64Array(0);
  return { run, name, version: -1, downsampled: false, x: none, min: none, max: none, mean: none, flags: none };
}

function forgetOldest(): void {
  if (entries.size <= KEPT) return;
  for (const [id, entry] of entries) {
    if (entry.watchers === 0 && !entry.busy) entries.delete(id);
    if (entries.size <= KEPT) return;
  }
}
