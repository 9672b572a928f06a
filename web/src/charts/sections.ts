// Groups metric names into the sections of a page by what stands before the first slash.

import { byName, metricOrder } from "../runs/columns";

export interface Section {
  id: string;
  names: string[];
  /** What is left of a name inside its section. */
  title(name: string): string;
}

/** Names without a slash. */
const UNGROUPED = "metrics";
/** Sections that come first, and those that come last and begin folded. */
const FIRST = ["train", "val", "valid", "validation", "eval", "test", UNGROUPED];
const LAST = ["param", "grad", "sys"];

export function sections(names: Iterable<string>, filter: (name: string) => boolean): Section[] {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    if (!filter(name)) continue;
    const id = groupOf(name);
    const list = groups.get(id);
    if (list) list.push(name);
    else groups.set(id, [name]);
  }
  // A plain `loss` is what a person came for.
  const plainLoss = groups.get(UNGROUPED)?.some((name) => /loss/i.test(name));
  const first = (id: string) => (plainLoss && id === UNGROUPED ? 0 : 1);
  return [...groups.keys()].sort((a, b) => first(a) - first(b) || sectionOrder(a, b)).map((id) => ({
    id,
    names: (groups.get(id) as string[]).sort(metricOrder),
    title: (name) => (name.startsWith(`${id}/`) ? name.slice(id.length + 1) : name),
  }));
}

function groupOf(name: string): string {
  const slash = name.indexOf("/");
  return slash > 0 ? name.slice(0, slash) : UNGROUPED;
}

function sectionOrder(a: string, b: string): number {
  return rank(a) - rank(b) || byName(a, b);
}

function rank(id: string): number {
  const first = FIRST.indexOf(id);
  if (first >= 0) return first;
  const last = LAST.indexOf(id);
  return last >= 0 ? 1000 + last : 100;
}

/** The machine's own numbers and the many of a watched model wait until they are asked for. */
export function opensAtFirst(id: string): boolean {
  return !LAST.includes(id);
}
