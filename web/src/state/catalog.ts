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

/** Resolves when the first list is there, or is known not to come. */
export function firstList(): Promise<void> {
  const { state } = project.peek() === null ? projects : runsList;
  return new Promise((resolve) => {
    effect(() => {
      if (state.value.data || state.value.error) resolve();
    });
  });
}

/** Loads what only the frame of the page shows. */
export function startFrame(): void {
  void session.reload();
  effect(() => {
    if (project.value !== null) void untracked(projects.reload);
  });
}

/** Loads what the place asks for, and again whenever the place changes. */
export function startCatalog(): void {
  fillUp(() => void (project.peek() === null ? projects : runsList).reload());
  setInterval(() => (now.value = Date.now()), 1000);
  effect(() => {
    const name = project.value;
    untracked(() => {
      runsList.clear();
      details.value = new Map();
      void (name === null ? projects : runsList).reload();
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
