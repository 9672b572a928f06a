// The live stream: one connection that says which runs have news. What is new is fetched by others.

import { computed, effect, signal, untracked } from "@preact/signals";
import { liveUrl } from "../api/client";
import type { Status, Tick } from "../api/types";
import { retryFailed, runChanged, runEnded } from "../series/store";
import { exportedAt } from "../parts/exported";
import { details, loadDetails, projects, runDetail, runs, runsList, session } from "./catalog";
import { unread } from "./filling";
import { notifying } from "./notices";
import { place } from "./route";
import { shownIds } from "./selection";

export type Connection = "connecting" | "live" | "lost";

export const connection = signal<Connection>("connecting");

export const runningCount = computed(() => runs.value.filter((run) => run.status === "RUNNING").length);

/** The version of each run that the stream named last: what shows a run's data reloads by it. */
export const versions = signal<Readonly<Record<string, number>>>({});

const LONGEST_PAUSE = 30_000;
const FIRST_PAUSE = 1_000;

let source: EventSource | null = null;
let pause = FIRST_PAUSE;
let reopening: ReturnType<typeof setTimeout> | undefined;
const statuses = new Map<number, Status>();

/** Follows the shown runs while the page is in sight. */
export function startLive(): void {
  if (exportedAt !== null) return; // nothing will ever be new
  const wanted = computed(() => [...shownIds.value].sort((a, b) => a - b).join(","));
  effect(() => {
    void wanted.value;
    untracked(reopen);
  });
  document.addEventListener("visibilitychange", () => (isUnseen() ? shut() : reopen()));
}

/** Nobody looks, and nobody wants to be told. */
function isUnseen(): boolean {
  return document.hidden && !notifying.peek();
}

function shut(): void {
  clearTimeout(reopening);
  source?.close();
  source = null;
}

function reopen(): void {
  shut();
  if (isUnseen()) return;
  const opened = new EventSource(liveUrl(shownIds.peek()));
  source = opened;
  opened.onopen = () => {
    const returned = connection.peek() === "lost";
    connection.value = "live";
    pause = FIRST_PAUSE;
    if (returned) recover();
  };
  opened.onerror = () => lose(opened);
  opened.addEventListener("tick", (event) => onTick(JSON.parse((event as MessageEvent<string>).data) as Tick));
}

/** The browser would try again only for some failures, and without slowing down: we do it ourselves. */
function lose(from: EventSource): void {
  if (from !== source) return;
  shut();
  connection.value = "lost";
  void session.reload(); // its error says why: the stream tells nothing
  reopening = setTimeout(reopen, pause);
  pause = Math.min(pause * 2, LONGEST_PAUSE);
}

/** After a break: everything that failed meanwhile, once more. */
function recover(): void {
  void session.reload();
  retryFailed();
  reloadCatalog();
  if (place.peek().run !== null) reloadDetail();
}

function onTick(tick: Tick): void {
  const list = runsList.state.peek();
  const listed = list.data?.version;
  const stale = listed === undefined ? !list.loading : listed !== tick.catalog;
  const before = versions.peek();
  const changed = Object.entries(tick.runs).filter(([id, run]) => before[id] !== run.version);
  if (changed.length) {
    versions.value = { ...before, ...Object.fromEntries(changed.map(([id, run]) => [id, run.version])) };
  }
  // A run seen for the first time was fetched a moment ago; only later news is news.
  const news = changed.filter(([id]) => before[id] !== undefined);
  // A list that is being filled is asked for again all the time.
  if ((stale && !unread.peek()) || news.length) reloadCatalog();
  for (const [id, run] of changed) noteRun(Number(id), run.version);
  for (const [id, run] of Object.entries(tick.runs)) noteStatus(Number(id), run.status);
}

function noteRun(id: number, version: number): void {
  runChanged(id, version);
  const known = runDetail.state.peek().data;
  if (place.peek().run === id && known && known.version !== version) reloadDetail();
  const held = details.peek().get(id);
  if (held && held.version !== version) reloadHeld();
}

function noteStatus(id: number, status: Status): void {
  const before = statuses.get(id);
  statuses.set(id, status);
  if (before === "RUNNING" && status !== "RUNNING") runEnded(id);
  // A process that died wrote nothing more: its run's status changes, its version does not.
  const shown = runDetail.state.peek().data?.run;
  if (place.peek().run === id && shown?.id === id && shown.status !== status) reloadDetail();
}

/** At most one reload in `gap` ms, the last call always honoured; slow answers make the gap longer. */
function throttled(gap: number, work: () => Promise<void>): () => void {
  let waiting = false;
  let next = 0;
  return () => {
    if (waiting) return;
    waiting = true;
    setTimeout(async () => {
      waiting = false;
      const start = Date.now();
      await work();
      next = Date.now() + Math.max(gap, (Date.now() - start) * 10);
    }, Math.max(0, next - Date.now()));
  };
}

const reloadCatalog = throttled(2000, async () => {
  if (place.peek().project === null) await projects.reload();
  else await runsList.reload();
});

/** Metric names of the runs whose summary does not hold them all. */
const reloadHeld = throttled(5000, async () => {
  const behind = [...details.peek()].filter(([id, held]) => held.version !== versions.peek()[id]);
  await Promise.all(behind.map(([id]) => loadDetails(id)));
});

const reloadDetail = throttled(1500, async () => {
  if (place.peek().run !== null) await runDetail.reload();
});
