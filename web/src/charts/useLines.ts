// Watches the series that a chart draws, for as long as the chart is in sight, and makes lines of them.

import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { ApiError } from "../api/http";
import type { Run, Series, XKind } from "../api/types";
import type { Group } from "../runs/groups";
import { against, stepsWithin } from "../series/against";
import { withNeighbours } from "../series/merge";
import { spreadOf } from "../series/spread";
import { overviewOf, prefetch, release, retry, watch, type Entry, type SeriesKey } from "../series/store";
import type { Smoothing } from "../smoothing";
import { colorAt, colorOf, colorOfGroup, dashesOf } from "../state/colors";
import type { Axis, Span } from "../state/view";
import { toLine, type Line, type Look } from "./lines";
import { withTwins } from "./twins";

export interface Wanted {
  runs: readonly Run[];
  /** What the runs are put together as; empty for a line a run. */
  groups: readonly Group[];
  names: readonly string[];
  /** What lines are called by their metric, where that is not its name. */
  labels: Readonly<Record<string, string>>;
  x: Axis;
  span: Span | null;
  buckets: number;
  smoothing: Smoothing;
}

export interface Lines {
  lines: Line[];
  loading: boolean;
  error: ApiError | null;
  retry(): void;
}

export function useLines(wanted: Wanted): Lines {
  const entries = useEntries(wanted);
  const { runs, names, labels, smoothing, x, span, groups } = wanted;
  // A zoom shows the coarse buckets it has until the fine ones come.
  const before = useRef(new Map<string, Series>());
  const states = entries.map((entry) => entry.state.value);
  const held = entries.map(({ key }, index) => {
    const id = idOf(key);
    const series = states[index]?.series;
    if (series) before.current.set(id, series);
    return series ?? before.current.get(id) ?? null;
  });
  const whole = entries.map((entry) => (span && x.kind !== "metric" ? overviewOf(entry.key) : null));
  const looks = looksOf(runs, groups, names, labels);
  const lines = useMemo(
    () => {
      const series = new Map<string, Series>();
      entries.forEach(({ key }, index) => {
        const own = held[index];
        const overview = whole[index];
        // For one render after the axis changes, the entries are still those of the old one.
        if (!own || key.x !== fetchedAxis(x)) return;
        series.set(idOf(key), span && overview && own !== overview ? withNeighbours(own, overview, span) : own);
      });
      return buildLines(wanted, series, looks);
    },
    [...held, smoothing.kind, smoothing.weight, x.kind, x.metric, JSON.stringify([...looks])],
  );
  return {
    lines,
    loading: states.length < runs.length || states.some((state) => !state.series && !state.error),
    error: states.find((state) => state.error)?.error ?? null,
    retry: () => entries.filter((entry) => entry.state.peek().error).forEach(retry),
  };
}

function idOf({ run, x, name }: Pick<SeriesKey, "run" | "x" | "name">): string {
  return `${x}|${run}|${name}`;
}

/** Over a metric, both metrics are fetched over their steps. */
function fetchedAxis({ kind }: Axis): XKind {
  return kind === "metric" ? "step" : kind;
}

function useEntries(wanted: Wanted): Entry[] {
  const [entries, setEntries] = useState<Entry[]>([]);
  const keys = keysFor(wanted, wanted.span);
  useLayoutEffect(() => {
    const watched = keys.map(watch);
    setEntries(watched);
    return () => watched.forEach(release);
  }, [JSON.stringify(keys)]);
  return entries;
}

/** What to fetch for a window: no more than the whole, where that has every point. */
function keysFor({ runs, names, x, buckets }: Wanted, span: Span | null): SeriesKey[] {
  const axis = fetchedAxis(x);
  const all = x.kind === "metric" ? [...new Set([...names, x.metric])] : names;
  const [lo, hi] = (x.kind === "metric" && span ? stepsOf(runs, x.metric, span, buckets) : span) ?? [null, null];
  return runs.flatMap((run) =>
    all.map((name) => {
      const whole: SeriesKey = { run: run.id, name, x: axis, lo: null, hi: null, buckets };
      return overviewOf(whole)?.downsampled === false ? whole : { ...whole, lo, hi };
    }),
  );
}

/** Fetches the fine points of a window that is likely to be looked at next. */
export function prepare(wanted: Wanted, span: Span): void {
  void prefetch(keysFor(wanted, span));
}

/** The steps to fetch for a stretch of a metric's values; null until the whole of it was fetched once. */
function stepsOf(runs: readonly Run[], name: string, span: Span, buckets: number): [number, number] | null {
  const keys = runs.map((run): SeriesKey => ({ run: run.id, name, x: "step", lo: null, hi: null, buckets }));
  return stepsWithin(keys.map(overviewOf).filter((series) => series !== null), span);
}

/** The look of each line, by run (or group) and metric. The metrics of one run have colours of their own. */
function looksOf(
  runs: readonly Run[],
  groups: readonly Group[],
  names: readonly string[],
  labels: Readonly<Record<string, string>>,
): Map<string, Look> {
  const owners = groups.length
    ? groups.map((group) => ({ id: group.id, label: `${group.label} (${group.runs.length})`, color: colorOfGroup(group.id) }))
    : runs.map((run) => ({ id: run.id, label: run.name, color: colorOf(run) }));
  const alone = owners.length === 1 && names.length > 1;
  const lines = owners.flatMap((owner) =>
    names.map((name, index) => ({ owner, name, color: alone ? colorAt(index) : owner.color, label: labels[name] ?? name })),
  );
  const dashes = dashesOf(lines.map(({ color }) => color));
  return new Map(
    lines.map(({ owner, name, color, label }, index) => [
      `${owner.id}|${name}`,
      {
        label: alone ? label : names.length > 1 ? `${owner.label} · ${label}` : owner.label,
        color,
        dash: dashes[index] ?? [],
      },
    ]),
  );
}

function buildLines({ runs, groups, names, x, smoothing }: Wanted, held: ReadonlyMap<string, Series>, looks: ReadonlyMap<string, Look>): Line[] {
  const axis = fetchedAxis(x);
  const find = (run: number, name: string) => {
    const series = held.get(idOf({ run, x: axis, name }));
    if (x.kind !== "metric" || !series) return series;
    const other = held.get(idOf({ run, x: axis, name: x.metric }));
    return other && against(series, other);
  };
  const line = (owner: number, name: string, series: Series | undefined, counts: Float64Array | null) => {
    const look = looks.get(`${owner}|${name}`);
    return series?.x.length && look ? [toLine(series, look, smoothing, counts)] : [];
  };
  if (!groups.length) {
    return withTwins(runs.flatMap((run) => names.flatMap((name) => line(run.id, name, find(run.id, name), null))));
  }
  const lines = groups.flatMap((group) =>
    names.flatMap((name) => {
      const members = group.runs.map((run) => find(run.id, name)).filter((series) => series !== undefined && series.x.length > 0);
      const { series, counts } = spreadOf(members as Series[], group.id);
      return line(group.id, name, { ...series, name }, counts);
    }),
  );
  return withTwins(lines);
}
