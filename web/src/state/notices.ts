// Tells a person who asked for it that a run has ended: in the page, and by the browser where that is allowed.

import { effect, signal } from "@preact/signals";
import type { Run, Status } from "../api/types";
import { keepText, keptText } from "../parts/kept";
import { runs } from "./catalog";
import { say, toast } from "./toast";

const KEY = "pluto.notify";

/** Whether the end of a run is told. */
export const notifying = signal(keptText(KEY) === "1");

export async function toggleNotifying(): Promise<void> {
  notifying.value = !notifying.peek();
  keepText(KEY, notifying.peek() ? "1" : null);
  if (!notifying.peek()) return;
  const shown = toast.peek();
  const allowed = "Notification" in window ? await Notification.requestPermission() : "denied";
  if (toast.peek() !== shown) return; // meanwhile a run has ended, which is news
  say(
    allowed === "granted"
      ? "The end of a run is told here, and by the browser while this page stays open."
      : "The end of a run is told here. The browser does not allow messages outside of the page.",
  );
}

const WORDS: Partial<Record<Status, string>> = {
  COMPLETED: "has completed",
  FAILED: "has failed",
  TERMINATED: "was terminated",
  CANCELLED: "was cancelled",
};

/** What is to be told of runs that were running before and are not now. */
function endings(before: ReadonlyMap<number, Status>, now: readonly Run[]): { run: Run; text: string }[] {
  return now
    .filter((run) => before.get(run.id) === "RUNNING" && run.status !== "RUNNING")
    .map((run) => ({ run, text: `${run.name} ${WORDS[run.status] ?? run.status.toLowerCase()}${run.cause ? `: ${run.cause}` : ""}` }));
}

export function startNotices(): void {
  let before = new Map<number, Status>();
  effect(() => {
    const ended = endings(before, runs.value);
    before = new Map(runs.value.map(({ id, status }) => [id, status]));
    if (notifying.peek()) ended.forEach(tell);
  });
}

function tell({ run, text }: { run: Run; text: string }): void {
  say(text, { failed: run.status === "FAILED" });
  if ("Notification" in window && Notification.permission === "granted" && document.hidden) {
    new Notification(`Pluto: ${run.project}`, { body: text, tag: `pluto-${run.id}`, icon: "/favicon.svg" });
  }
}
