// Views and panels that people keep in a project: on the server, so that links show them to everybody, or
// in this browser where the server cannot keep them.

import { computed, effect, signal, untracked } from "@preact/signals";
import { fetchSaved, saveItem } from "../api/client";
import { asApiError } from "../api/http";
import type { Saved } from "../api/types";
import { exportedAt } from "../parts/exported";
import { place } from "./route";
import { say } from "./toast";

const EMPTY: Saved = { view: {}, panel: {} };

const remote = signal<Saved>(EMPTY);
const local = signal<Saved>(EMPTY);

/** All that is kept of this project, what the server has first. */
export const saved = computed<Saved>(() => ({
  view: { ...remote.value.view, ...local.value.view },
  panel: { ...remote.value.panel, ...local.value.panel },
}));

function keyOf(project: string): string {
  return `pluto.saved.${project}`;
}

function readLocal(project: string): Saved {
  try {
    return { ...EMPTY, ...(JSON.parse(localStorage.getItem(keyOf(project)) ?? "{}") as Partial<Saved>) };
  } catch {
    return EMPTY; // damaged storage: as if nothing had been kept in this browser
  }
}

function writeLocal(project: string, kind: keyof Saved, name: string, value: unknown): void {
  local.value = changed(local.peek(), kind, name, value);
  localStorage.setItem(keyOf(project), JSON.stringify(local.peek()));
}

function changed(from: Saved, kind: keyof Saved, name: string, value: unknown): Saved {
  const items = { ...from[kind] };
  if (value === null) delete items[name];
  else items[name] = value;
  return { ...from, [kind]: items };
}

/** Keeps an item under its name, or with null forgets it. It is shown at once, and never lost: see above. */
export async function keep(kind: keyof Saved, name: string, value: unknown): Promise<void> {
  const project = place.peek().project;
  if (project === null) return;
  if (exportedAt !== null) return writeLocal(project, kind, name, value);
  const before = remote.peek();
  remote.value = changed(before, kind, name, value);
  try {
    const answer = await saveItem(project, kind, name, value);
    if (place.peek().project === project) remote.value = answer;
    if (name in local.peek()[kind]) writeLocal(project, kind, name, null);
  } catch (error) {
    remote.value = before;
    writeLocal(project, kind, name, value);
    say(`Kept in this browser only: ${asApiError(error).message}`, { failed: true });
  }
}

export function startSaved(): void {
  effect(() => {
    const project = place.value.project;
    untracked(() => void load(project));
  });
}

let loaded: string | null = null;

async function load(project: string | null): Promise<void> {
  if (project === loaded) return;
  loaded = project;
  remote.value = EMPTY;
  local.value = project === null ? EMPTY : readLocal(project);
  if (project === null || exportedAt !== null) return;
  try {
    const answer = await fetchSaved(project);
    if (loaded === project) remote.value = answer;
  } catch (error) {
    say(`Saved views and panels could not be read: ${asApiError(error).message}`, { failed: true });
  }
}
