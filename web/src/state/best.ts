// Fetches best values and their steps for the metrics whose columns are shown, sorted by or filtered by.

import { computed, effect, signal, untracked } from "@preact/signals";
import { fetchSummaries } from "../api/client";
import { asApiError, type ApiError } from "../api/http";
import type { Summaries } from "../api/types";
import { best, measureOf, type Best, type Measure } from "../runs/best";
import { CURVE } from "../runs/columns";
import { words } from "../runs/filter";
import { columnKeys, groupKeys, sortOrder } from "./selection";
import { runs, runsById, runsList } from "./catalog";
import { place } from "./route";
import { runFilter, sweepGoal } from "./view";

/** Keys of columns that other pages need beside the table's. */
export const otherColumns = signal<readonly string[]>([]);

export const bestError = signal<ApiError | null>(null);

/** So many metrics are asked for at once. */
const MOST = 200;

const wanted = computed(() => {
  const filtered = words(runFilter.value).map((word) => word.replace(/^-/, "").split(/[<>=!]/)[0] as string);
  const keys = [...columnKeys.value, ...otherColumns.value, ...groupKeys.value, sweepGoal.value, sortOrder.value.replace(/^-/, ""), ...filtered];
  const names = keys.flatMap((key) => {
    if (key.startsWith(CURVE)) return [key.slice(CURVE.length)]; // whose range all curves of the column share
    const found = measureOf(key);
    return found && (found.measure !== "metric" || isBeyondSummary(found.name)) ? [found.name] : [];
  });
  return JSON.stringify([...new Set(names)].slice(0, MOST));
});

/** The list holds 200 last values a run; those of a metric beyond them are fetched like the best ones. */
function isBeyondSummary(name: string): boolean {
  return !runs.value.some((run) => name in run.summary);
}

export function startBest(): void {
  let turn = 0;
  effect(() => {
    const names = JSON.parse(wanted.value) as string[];
    void runsList.state.value.data; // a new list has new values
    const project = place.value.project;
    if (!names.length || project === null || !untracked(() => runsById.value.size)) return;
    const mine = ++turn;
    fetchSummaries(project, names).then(
      (answer) => {
        if (mine !== turn) return;
        bestError.value = null;
        best.value = new Map(names.map((name) => [name, byRun(answer, name)]));
      },
      (error: unknown) => {
        if (mine === turn) bestError.value = asApiError(error);
      },
    );
  });
}

const FIELDS: Record<Measure, keyof Summaries["metrics"][string]> = {
  metric: "last",
  min: "min",
  max: "max",
  mean: "mean",
  minstep: "minStep",
  maxstep: "maxStep",
};

function byRun({ runs: ids, metrics }: Summaries, name: string): Map<number, Best> {
  const columns = metrics[name];
  if (!columns) return new Map();
  const entries = Object.entries(FIELDS) as [Measure, keyof typeof columns][];
  return new Map(
    ids.map((id, index) => [
      id,
      Object.fromEntries(entries.map(([measure, field]) => [measure, columns[field][index] ?? null])) as Best,
    ]),
  );
}
