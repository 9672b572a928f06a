// Lists that the server is still filling: after a start it may have thousands of runs to read.

import { computed, effect, signal } from "@preact/signals";
import type { Filling } from "../api/client";
import { place } from "./route";

type List = "projects" | "runs";

/** The list is asked for again so long after its last answer, in ms; the slower the answers, the later. */
const PAUSE = 700;
const SHARE = 3;

const answers = signal<Record<List, { unread: number; took: number }>>({
  projects: { unread: 0, took: 0 },
  runs: { unread: 0, took: 0 },
});

const latest = computed(() => answers.value[place.value.project === null ? "projects" : "runs"]);

/** How many runs the server has yet to read for the list that is looked at. */
export const unread = computed(() => latest.value.unread);

/** Takes note of what an answer says of itself. */
export async function noted<T extends Filling>(list: List, fetched: Promise<T>): Promise<T> {
  const began = performance.now();
  const answer = await fetched;
  answers.value = { ...answers.peek(), [list]: { unread: answer.unread ?? 0, took: performance.now() - began } };
  return answer;
}

/** Loads the list again and again until it is whole. */
export function fillUp(reload: () => void): void {
  effect(() => {
    const { unread, took } = latest.value;
    if (!unread) return;
    const timer = setTimeout(reload, Math.max(PAUSE, SHARE * took));
    return () => clearTimeout(timer);
  });
}
