// The metric names of the shown runs: from the runs list, and for runs with very many from the run itself.

import { computed, effect, untracked } from "@preact/signals";
import { details, loadDetails, runDetail } from "./catalog";
import { asApiError, type ApiError } from "../api/http";
import type { NameInfo, Run } from "../api/types";
import { signal } from "@preact/signals";
import { shownRuns } from "./selection";

/** Why the names of a large run could not be read, if so. */
export const metricsError = signal<ApiError | null>(null);

export const metricNames = computed<string[]>(() => {
  const names = new Set<string>();
  for (const run of shownRuns.value) {
    for (const name of namesOf(run)) names.add(name);
  }
  return [...names];
});

function namesOf(run: Run): string[] {
  const own = runDetail.state.value.data;
  const known = own?.run.id === run.id ? own : details.value.get(run.id);
  return known ? metricsOf(known.names) : Object.keys(run.summary);
}

export function metricsOf(names: readonly NameInfo[]): string[] {
  return names.filter((info) => info.type === "METRIC").map((info) => info.name);
}

/** The summary of the list holds at most so many metrics as it has keys; the rest is fetched. */
export function startMetrics(): void {
  const asked = new Set<number>();
  effect(() => {
    const incomplete = shownRuns.value.filter((run) => run.metricCount > Object.keys(run.summary).length);
    untracked(() => {
      for (const { id } of incomplete) {
        if (asked.has(id) || details.peek().has(id)) continue;
        asked.add(id);
        loadDetails(id).catch((error: unknown) => {
          asked.delete(id);
          metricsError.value = asApiError(error);
        });
      }
    });
  });
}
