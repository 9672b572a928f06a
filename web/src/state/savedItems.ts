// Kept views and panels as plain values: changed, merged, and in this browser's storage.

import type { Kept, Saved } from "../api/types";
import { keepJson, keptJson } from "../parts/kept";

export interface Item {
  kind: keyof Kept<unknown>;
  name: string;
}

export const EMPTY: Saved = { view: {}, panel: {}, marks: { view: {}, panel: {} } };

/** All of these, with one of another value, or with null without it. */
export function withItem<T extends Kept<unknown>>(from: T, { kind, name }: Item, value: T["view"][string] | null): T {
  const items = { ...from[kind] };
  if (value === null) delete items[name];
  else items[name] = value;
  return { ...from, [kind]: items };
}

/** What this page knows, with what others added. What it knows stays, with its marks: a person may be changing it. */
export function mergedNew(known: Saved, answer: Saved): Saved {
  let merged = known;
  for (const kind of ["view", "panel"] as const) {
    for (const [name, value] of Object.entries(answer[kind])) {
      if (name in known[kind] || name in known.marks[kind]) continue;
      merged = withItem(merged, { kind, name }, value);
      merged = { ...merged, marks: withItem(merged.marks, { kind, name }, answer.marks[kind][name] ?? null) };
    }
  }
  return merged;
}

const keyOf = (project: string) => `pluto.saved.${project}`;

export function readLocal(project: string): Saved {
  return keptJson(keyOf(project), (value) => ({ ...EMPTY, ...(value as Partial<Saved>) }), EMPTY);
}

export function writeLocal(project: string, items: Saved): void {
  keepJson(keyOf(project), items);
}
