// The runs that were selected in the table, for what is done to many at once.

import { computed, signal } from "@preact/signals";
import { runsById } from "./catalog";

const ids = signal<ReadonlySet<number>>(new Set());

/** Those that still exist. */
export const picked = computed<ReadonlySet<number>>(() => new Set([...ids.value].filter((id) => runsById.value.has(id))));

let last: number | null = null;

export function isPicked(id: number): boolean {
  return picked.value.has(id);
}

/** Selects a run, or with a list all of it from the run selected before to this one. */
export function pick(id: number, on: boolean, list: readonly number[] = []): void {
  const next = new Set(picked.peek());
  const [from, to] = [last === null ? -1 : list.indexOf(last), list.indexOf(id)];
  const range = from >= 0 && to >= 0 ? list.slice(Math.min(from, to), Math.max(from, to) + 1) : [id];
  for (const each of range) {
    if (on) next.add(each);
    else next.delete(each);
  }
  last = id;
  ids.value = next;
}

export function pickAll(all: readonly number[]): void {
  last = null;
  ids.value = new Set(all);
}
