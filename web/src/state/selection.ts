// Which runs are listed, and which of them the charts show.

import { computed } from "@preact/signals";
import { columnFor, defaultColumns, metricOrder, sortRuns } from "../runs/columns";
import { compileFilter } from "../runs/filter";
import type { Run } from "../api/types";
import { runs, runsById } from "./catalog";
import { param, place, textParam } from "./route";
import { runFilter } from "./view";

/** So many of the newest runs are shown until a person chooses. */
const SHOWN_AT_FIRST = 10;

const idList = {
  read: (text: string) => text.split(",").map(Number).filter(Number.isSafeInteger),
  write: (ids: number[] | null) => (ids === null ? "" : ids.length ? ids.join(",") : "none"),
};

const chosen = param<number[] | null>("runs", null, idList);
/** On a run's page: the runs laid over it. */
const overlays = param<number[] | null>("with", null, idList);

export const sortOrder = textParam("sort", "-created");

/** The runs of the list: filtered and sorted. */
export const listedRuns = computed<Run[]>(() => {
  const keep = compileFilter(runFilter.value);
  return sortRuns(runs.value.filter(keep), sortOrder.value);
});

const columnsParam = textParam("cols");

export const columns = computed(() => {
  const keys = columnsParam.value
    ? columnsParam.value.split(",").map(decodeURIComponent)
    : defaultColumns(runs.value);
  return keys.map(columnFor).filter((column) => column !== null);
});

export function setColumns(keys: readonly string[]): void {
  // A key may hold a comma of its own.
  columnsParam.set(keys.map((key) => key.replaceAll("%", "%25").replaceAll(",", "%2C")).join(","));
}

export function resetColumns(): void {
  columnsParam.set("");
}

export function sortBy(key: string): void {
  sortOrder.set(sortOrder.peek() === `-${key}` ? key : `-${key}`);
}

/** Ids of the runs in the charts, the page's own run first. */
export const shownIds = computed<number[]>(() => {
  const own = place.value.run;
  if (own !== null) return [own, ...(overlays.value ?? []).filter((id) => id !== own)];
  if (chosen.value) return chosen.value.filter((id) => runsById.value.has(id));
  return listedRuns.value.slice(0, SHOWN_AT_FIRST).map((run) => run.id);
});

export const shownSet = computed(() => new Set(shownIds.value));

export const shownRuns = computed<Run[]>(() =>
  shownIds.value.map((id) => runsById.value.get(id)).filter((run) => run !== undefined),
);

export function toggleShown(id: number): void {
  const own = place.peek().run;
  if (own === id) return;
  const now = shownIds.peek();
  const next = now.includes(id) ? now.filter((other) => other !== id) : [...now, id];
  if (own === null) chosen.set(next);
  else overlays.set(next.filter((other) => other !== own));
}

export function showOnly(ids: readonly number[]): void {
  chosen.set([...ids]);
}

/** The newest runs again. */
export function showDefault(): void {
  if (place.peek().run === null) chosen.set(null);
  else overlays.set(null);
}

/** The one value beside each name in the rail: the metric sorted by, else the likeliest loss. */
export const railMetric = computed<string | null>(() => {
  const sorted = sortOrder.value.replace(/^-/, "");
  if (sorted.startsWith("metric.")) return sorted.slice(7);
  const counts = new Map<string, number>();
  for (const run of runs.value.slice(0, 200)) {
    for (const name of Object.keys(run.summary)) {
      if (!name.startsWith("sys/")) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return [...counts.keys()].sort(metricOrder)[0] ?? null;
});
