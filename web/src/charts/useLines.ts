// Watches the series that a chart draws, for as long as the chart is in sight.

import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { ApiError } from "../api/http";
import type { Run, Series, XKind } from "../api/types";
import { withNeighbours } from "../series/merge";
import { overviewOf, release, retry, watch, type Entry } from "../series/store";
import { colorOf, dashesOf } from "../state/colors";
import type { Span } from "../state/view";
import { toLine, type Line } from "./lines";
import { withTwins } from "./twins";

export interface Wanted {
  runs: readonly Run[];
  name: string;
  x: XKind;
  span: Span | null;
  buckets: number;
  smoothing: number;
}

export interface Lines {
  lines: Line[];
  loading: boolean;
  error: ApiError | null;
  retry(): void;
}

export function useLines(wanted: Wanted): Lines {
  const entries = useEntries(wanted);
  const { runs, smoothing, x, span } = wanted;
  // A zoom shows the coarse buckets it has until the fine ones come.
  const before = useRef(new Map<string, Series>());
  const states = entries.map((entry) => entry.state.value);
  const series = states.map((state, index) => {
    const { key } = entries[index] as Entry;
    if (state.series) before.current.set(`${key.x}|${key.run}`, state.series);
    // For one render after the axis changes, the entries are still those of the old one.
    return (key.x === x && state.series) || before.current.get(`${x}|${key.run}`) || null;
  });
  const whole = entries.map((entry) => (span ? overviewOf(entry.key) : null));
  const colors = runs.map(colorOf);
  const dashes = dashesOf(colors);
  const looks = runs.map((run, index) => ({
    label: run.name,
    color: colors[index] as string,
    dash: dashes[index] ?? [],
  }));
  const lines = useMemo(
    () => {
      const drawn = series.map((own, index) => {
        const overview = whole[index];
        return span && own && overview ? withNeighbours(own, overview, span) : own;
      });
      return buildLines(drawn, entries, runs, looks, smoothing);
    },
    [...series, smoothing, x, looks.map((look) => look.color + look.dash + look.label).join("|")],
  );
  return {
    lines,
    loading: states.length < runs.length || states.some((state) => !state.series && !state.error),
    error: states.find((state) => state.error)?.error ?? null,
    retry: () => entries.filter((entry) => entry.state.peek().error).forEach(retry),
  };
}

function useEntries({ runs, name, x, span, buckets }: Wanted): Entry[] {
  const [entries, setEntries] = useState<Entry[]>([]);
  const ids = runs.map((run) => run.id).join(",");
  useLayoutEffect(() => {
    const [lo, hi] = span ?? [null, null];
    const watched = runs.map((run) => watch({ run: run.id, name, x, lo, hi, buckets }));
    setEntries(watched);
    return () => watched.forEach(release);
  }, [ids, name, x, span?.[0], span?.[1], buckets]);
  return entries;
}

function buildLines(
  series: readonly (Series | null)[],
  entries: readonly Entry[],
  runs: readonly Run[],
  looks: readonly { label: string; color: string; dash: readonly number[] }[],
  smoothing: number,
): Line[] {
  const byRun = new Map(entries.map((entry, index) => [entry.key.run, series[index]]));
  const lines = runs.flatMap((run, index) => {
    const own = byRun.get(run.id);
    const look = looks[index];
    return own && own.x.length && look ? [toLine(own, look, smoothing)] : [];
  });
  return withTwins(lines);
}
