// Which runs are listed, and which of them the charts show.

import { computed, signal } from "@preact/signals";
import { columnFor, defaultColumns, firstOrder, metricOrder, placesOf, sortRuns } from "../runs/columns";
import { compileFilter } from "../runs/filter";
import { groupRuns, sortGroups, type Group } from "../runs/groups";
import type { Run } from "../api/types";
import { runs, runsById } from "./catalog";
import { keyList, param, place, textParam } from "./route";
import { runFilter } from "./view";

/** So many of the newest runs are shown until a person chooses. */
const SHOWN_AT_FIRST = 10;
/** So many runs at most are drawn at once. */
export const MOST_SHOWN = 100;

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

const columnsParam = param<readonly string[]>("cols", [], keyList);
const pinsParam = param<readonly string[]>("pin", [], keyList);

/** The keys of the table's columns: those chosen, else those worth a look; pinned ones behind the name. */
export const columnKeys = computed<readonly string[]>(() => {
  const chosenKeys = columnsParam.value.length ? columnsParam.value : defaultColumns(runs.value);
  const pins = pinsParam.value.filter((key) => key !== "name");
  return [...new Set(["name", ...pins, ...chosenKeys])];
});

export const columns = computed(() => columnKeys.value.map(columnFor).filter((column) => column !== null));

export const pinned = computed(() => new Set(["name", ...pinsParam.value]));

export function setColumns(keys: readonly string[]): void {
  columnsParam.set(keys);
}

export function resetColumns(): void {
  columnsParam.set([]);
  pinsParam.set([]);
}

export function togglePin(key: string): void {
  const now = pinsParam.peek();
  pinsParam.set(now.includes(key) ? now.filter((other) => other !== key) : [...now, key]);
}

const groupParam = param<readonly string[]>("group", [], keyList);

/** Keys of the columns whose values put runs together; none on a run's page. */
export const groupKeys = computed<readonly string[]>(() => (place.value.run === null ? groupParam.value : []));

export function groupBy(keys: readonly string[]): void {
  groupParam.set(keys);
}

/** The groups of the list in its order; empty while nothing is grouped. */
export const groups = computed<Group[]>(() => {
  if (!groupKeys.value.length) return [];
  return sortGroups(groupRuns(listedRuns.value, groupKeys.value, runs.value), sortOrder.value);
});

/** Keys of the groups whose runs are listed. */
const unfolded = signal<ReadonlySet<string>>(new Set());

export function foldGroup(key: string, open: boolean): void {
  const next = new Set(unfolded.peek());
  if (open) next.add(key);
  else next.delete(key);
  unfolded.value = next;
}

export type Item = { group: Group; open: boolean } | { run: Run };

/** The rows of rail and table: runs, or groups and the runs of those that are open. */
export const items = computed<Item[]>(() => {
  if (!groupKeys.value.length) return listedRuns.value.map((run) => ({ run }));
  return groups.value.flatMap((group) => {
    const open = unfolded.value.has(group.key);
    return [{ group, open }, ...(open ? group.runs.map((run) => ({ run })) : [])];
  });
});

/** Whether the table shades results by their rank. */
export const heat = param<boolean>("heat", false, {
  read: (text) => text === "1",
  write: (value) => (value ? "1" : ""),
});

/** By column key and run: the place of its value among those of the list, from 0 for the lowest to 1. */
export const heatPlaces = computed<ReadonlyMap<string, ReadonlyMap<number, number>>>(() => {
  if (!heat.value) return new Map();
  return new Map(columns.value.filter((column) => column.measured).map((column) => [column.key, placesOf(column, listedRuns.value)]));
});

export function sortBy(key: string): void {
  const first = firstOrder(key);
  const other = first === key ? `-${key}` : key;
  sortOrder.set(sortOrder.peek() === first ? other : first);
}

/** Ids of the runs in the charts, the page's own run first. */
export const shownIds = computed<number[]>(() => {
  const own = place.value.run;
  if (own !== null) return [own, ...(overlays.value ?? []).filter((id) => id !== own)];
  if (chosen.value) return chosen.value.filter((id) => runsById.value.has(id));
  if (groupKeys.value.length) return firstGroups(groups.value);
  return listedRuns.value.slice(0, SHOWN_AT_FIRST).map((run) => run.id);
});

/** All runs of the first groups, as far as charts can draw them. */
function firstGroups(list: readonly Group[]): number[] {
  return list.slice(0, SHOWN_AT_FIRST).flatMap((group) => group.runs.map((run) => run.id)).slice(0, MOST_SHOWN);
}

export const shownSet = computed(() => new Set(shownIds.value));

export const shownRuns = computed<Run[]>(() =>
  shownIds.value.map((id) => runsById.value.get(id)).filter((run) => run !== undefined),
);

/** What the charts put together: the groups of the shown runs; empty while nothing is grouped. */
export const shownGroups = computed<Group[]>(() =>
  groupKeys.value.length ? groupRuns(shownRuns.value, groupKeys.value, runs.value) : [],
);

/** Shows all runs of a group, or hides them when all are shown. */
export function toggleGroup(group: Group): void {
  const own = new Set(group.runs.map((run) => run.id));
  const others = shownIds.peek().filter((id) => !own.has(id));
  const all = group.runs.every((run) => shownSet.peek().has(run.id));
  chosen.set(all ? others : [...others, ...own].slice(0, MOST_SHOWN));
}

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

/** The column of the one value beside each name in the rail: what is sorted by if it is a result, else the likeliest loss. */
export const railColumn = computed(() => {
  const sorted = columnFor(sortOrder.value.replace(/^-/, ""));
  if (sorted?.measured) return sorted;
  const counts = new Map<string, number>();
  for (const run of runs.value.slice(0, 200)) {
    for (const name of Object.keys(run.summary)) {
      if (!name.startsWith("sys/")) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  const likeliest = [...counts.keys()].sort(metricOrder)[0];
  return likeliest === undefined ? null : columnFor(`metric.${likeliest}`);
});
