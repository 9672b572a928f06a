// The projects, the runs of the project looked at, and the run looked at.

import { computed, effect, signal, untracked } from "@preact/signals";
import { fetchProjects, fetchRun, fetchRuns, fetchSession } from "../api/client";
import type { Run, RunAnswer } from "../api/types";
import { fillUp, noted } from "./filling";
import { resource } from "./load";
import { place } from "./route";

export const session = resource(fetchSession);
export const projects = resource(async () => (await noted("projects", fetchProjects())).projects);

const project = computed(() => place.value.project);
const runId = computed(() => place.value.run);

export const runsList = resource(() => noted("runs", fetchRuns(project.peek() ?? "")));

export const runs = computed<Run[]>(() => runsList.state.value.data?.runs ?? []);
export const runsById = computed(() => new Map(runs.value.map((run) => [run.id, run])));

export const runDetail = resource(() => fetchRun(runId.peek() as number));

/** Details of runs that charts need beyond the summary: all metric names of a run with very many. */
export const details = signal<ReadonlyMap<number, RunAnswer>>(new Map());

export async function loadDetails(id: number): Promise<void> {
  const answer = await fetchRun(id); // rejects as fetches do: the caller decides what that means
  details.value = new Map(details.peek()).set(id, answer);
}

/** A clock for durations and ages; it ticks only as fast as anybody can see. */
export const now = signal(Date.now());

/** Loads what the place asks for, and again whenever the place changes. */
export function startCatalog(): void {
  fillUp(() => void (project.peek() === null ? projects : runsList).reload());
  setInterval(() => (now.value = Date.now()), 1000);
  void session.reload();
  effect(() => {
    const name = project.value;
    untracked(() => {
      runsList.clear();
      details.value = new Map();
      if (name !== null) void runsList.reload();
      void projects.reload();
    });
  });
  effect(() => {
    const id = runId.value;
    untracked(() => {
      runDetail.clear();
      if (id !== null) void runDetail.reload();
    });
  });
}
