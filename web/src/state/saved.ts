// Views and panels that people keep in a project: on the server, so that links show them to everybody, or
// in this browser where the server cannot keep them.
//
// On the server each item has a mark that changes with it. A change names the mark that this page knows; where that
// is no longer the one, somebody else was there before, and a person decides whose stays.

import { computed, effect, signal, untracked } from "@preact/signals";
import { fetchSaved, saveItem } from "../api/client";
import { ApiError, asApiError } from "../api/http";
import type { Kept, Saved } from "../api/types";
import { exportedAt } from "../parts/exported";
import { EMPTY, mergedNew, readLocal, withItem, writeLocal, type Item } from "./savedItems";
import { place } from "./route";
import { say } from "./toast";

/** An item that was changed here and elsewhere; null stands for forgotten. */
export interface Conflict extends Item {
  mine: unknown;
  theirs: unknown;
}

interface Change extends Item {
  project: string;
  value: unknown;
  /** What this page showed before. */
  before: unknown;
  /** Whether nothing is said where the server cannot keep it. */
  quiet: boolean;
}

const remote = signal<Saved>(EMPTY);
const local = signal<Saved>(EMPTY);

/** What a person has to decide. What was done here is meanwhile kept in this browser, and shown. */
export const conflicts = signal<readonly Conflict[]>([]);

/** All that is kept of this project, what this browser has first. */
export const saved = computed<Kept<unknown>>(() => ({
  view: { ...remote.value.view, ...local.value.view },
  panel: { ...remote.value.panel, ...local.value.panel },
}));

/** Newest changes that are not on their way yet, and what sends them: those of one item go one after the other. */
const waiting = new Map<string, Change>();
const sending = new Map<string, Promise<void>>();
/** Marks of this page's own changes: one whose answer got lost is not somebody else's. */
const own = new Set<string>();

const keyOf = ({ kind, name }: Item) => `${kind} ${name}`;

/** Keeps an item under its name, or with null forgets it. It is shown at once, and never lost: see above. */
export async function keep(kind: Item["kind"], name: string, value: unknown, quiet = false): Promise<void> {
  const project = place.peek().project;
  const item = { kind, name };
  if (project === null) return;
  const undecided = conflicts.peek().find((each) => keyOf(each) === keyOf(item));
  if (undecided) conflicts.value = conflicts.peek().map((each) => (each === undecided ? { ...each, mine: value } : each));
  if (undecided || exportedAt !== null) return keepHere(project, item, value);
  const before = remote.peek()[kind][name] ?? null;
  remote.value = withItem(remote.peek(), item, value);
  waiting.set(keyOf(item), { ...item, project, value, before, quiet });
  const work = sending.get(keyOf(item)) ?? sendAll(keyOf(item));
  sending.set(keyOf(item), work);
  await work;
}

async function sendAll(key: string): Promise<void> {
  for (let change = waiting.get(key); change; change = waiting.get(key)) {
    waiting.delete(key);
    await send(change);
  }
  sending.delete(key);
}

/** Sends a change as one of what this page knows; what follows it is a change of this one. */
function post(change: Change): Promise<Saved> {
  const { project, kind, name, value } = change;
  const was = remote.peek().marks[kind][name] ?? "";
  const mark = crypto.getRandomValues(new Uint32Array(3)).reduce((text, part) => text + part.toString(36), "");
  own.add(mark);
  setMark(change, value === null ? "" : mark);
  return saveItem(project, { kind, name, value, was, mark }).catch((error: unknown) => {
    if (loaded === project) setMark(change, was);
    throw error;
  });
}

/** An item that this page forgot has an empty mark: it is not taken for a new one. */
function setMark(item: Item, mark: string): void {
  remote.value = { ...remote.peek(), marks: withItem(remote.peek().marks, item, mark) };
}

async function send(change: Change): Promise<void> {
  const { project, value } = change;
  try {
    const answer = await post(change);
    if (loaded !== project) return;
    remote.value = mergedNew(remote.peek(), answer);
    if (change.name in local.peek()[change.kind]) keepHere(project, change, null);
  } catch (error) {
    try {
      if (!(error instanceof ApiError) || error.status !== 412) throw error;
      meet(change, await fetchSaved(project));
    } catch (failure) {
      if (loaded === project) remote.value = withItem(remote.peek(), change, change.before);
      keepHere(project, change, value);
      if (!change.quiet) say(`Kept in this browser only: ${asApiError(failure).message}`, { failed: true });
    }
  }
}

/** Somebody else was there before: what they made of the item beside what was made of it here. */
function meet(change: Change, answer: Saved): void {
  const { project, kind, name } = change;
  const { value: mine } = waiting.get(keyOf(change)) ?? change;
  if (loaded !== project) return keepHere(project, change, mine);
  const theirs = answer[kind][name] ?? null;
  const mark = answer.marks[kind][name] ?? "";
  if (own.has(mark)) {
    setMark(change, mark);
    if (!waiting.has(keyOf(change))) waiting.set(keyOf(change), change);
    return;
  }
  waiting.delete(keyOf(change));
  keepHere(project, change, mine); // with the mark that it is a change of
  remote.value = withItem(remote.peek(), change, theirs);
  setMark(change, mark);
  if (isSame(mine, theirs)) return keepHere(project, change, null);
  conflicts.value = [...conflicts.peek(), { kind, name, mine, theirs }];
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Keeps an item in this browser, with the mark of what it is a change of; null forgets it there. */
function keepHere(project: string, item: Item, value: unknown): void {
  const here = readLocal(project);
  const mark = value === null ? null : (here.marks[item.kind][item.name] ?? remote.peek().marks[item.kind][item.name] ?? "");
  const items = { ...withItem(here, item, value), marks: withItem(here.marks, item, mark) };
  writeLocal(project, items);
  if (loaded === project) local.value = items;
}

/** Ends a conflict. Whose the item is then, can be undone. */
export async function decide(conflict: Conflict, whose: "mine" | "theirs", title: string): Promise<void> {
  const { kind, name, mine, theirs } = conflict;
  conflicts.value = conflicts.peek().filter((each) => each !== conflict);
  keepHere(loaded as string, conflict, null);
  if (whose === "mine") await keep(kind, name, mine);
  const [stays, goes] = whose === "mine" ? ["Yours", theirs] : ["Theirs", mine];
  say(`${stays} it is: ${title}.`, { undo: () => keep(kind, name, goes) });
}

export function startSaved(): void {
  effect(() => {
    const project = place.value.project;
    untracked(() => void load(project));
  });
  // A page that is left does not see the answer that a change waits for.
  addEventListener("pagehide", () => waiting.forEach((change) => void post(change).catch(() => keepHere(change.project, change, change.value))));
}

let loaded: string | null = null;

async function load(project: string | null): Promise<void> {
  if (project === loaded) return;
  loaded = project;
  conflicts.value = [];
  remote.value = EMPTY;
  local.value = project === null ? EMPTY : readLocal(project);
  if (project === null || exportedAt !== null) return;
  try {
    const answer = await fetchSaved(project);
    if (loaded !== project) return;
    remote.value = answer;
    for (const kind of ["view", "panel"] as const) for (const name of Object.keys(local.peek()[kind])) bring(project, { kind, name });
  } catch (error) {
    say(`Saved views and panels could not be read: ${asApiError(error).message}`, { failed: true });
  }
}

/** Brings what only this browser has to the server, if nobody changed the item there meanwhile. */
function bring(project: string, item: Item): void {
  const { kind, name } = item;
  const mine = local.peek()[kind][name];
  const theirs = remote.peek()[kind][name] ?? null;
  const since = local.peek().marks[kind][name] ?? "";
  if (isSame(mine, theirs)) keepHere(project, item, null);
  else if (since === (remote.peek().marks[kind][name] ?? "")) void keep(kind, name, mine, true);
  else conflicts.value = [...conflicts.peek(), { ...item, mine, theirs }];
}
