// The keys that work everywhere but in a field, and the one that works in fields too.

import { helpOpen } from "./Help";
import { paletteOpen } from "./Palette";
import { cursorRun, railOpen } from "../runs/Rail";
import { isMarked, moveMoment, unmark } from "../state/moment";
import { isPicked, pick } from "../state/picked";
import { go, place } from "../state/route";
import { foldGroup, groups, listedRuns, toggleShown } from "../state/selection";
import { toggleTheme } from "../state/theme";
import { fullChart, logScale, resetZoom } from "../state/view";

const ACTIONS: Record<string, () => void> = {
  "/": focusSearch,
  j: () => moveCursor(1),
  k: () => moveCursor(-1),
  Enter: openCursor,
  ArrowDown: () => moveCursor(1),
  ArrowUp: () => moveCursor(-1),
  " ": () => cursorRun.value !== null && toggleShown(cursorRun.value),
  x: () => cursorRun.value !== null && pick(cursorRun.value, !isPicked(cursorRun.value)),
  f: fullScreen,
  l: () => logScale.set(!logScale.peek()),
  r: resetZoom,
  ",": () => moveMoment(-1),
  ".": () => moveMoment(1),
  u: () => go({ project: place.peek().project, run: null }),
  t: toggleTheme,
  "?": () => (helpOpen.value = true),
  Escape: escape,
};

export function startKeyboard(): void {
  document.addEventListener("keydown", (event) => {
    // A dialog has the keys to itself, and closes by Escape of its own.
    if (document.querySelector("dialog[open]")) return;
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      paletteOpen.value = true;
      return;
    }
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    const target = event.target as HTMLElement;
    if (isField(target)) {
      if (event.key === "Escape") target.blur();
      return;
    }
    if (isTargets(event.key, target)) return;
    const action = ACTIONS[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}

/** What a key does to the thing that has the focus goes first: a link, a button, a box that scrolls. */
function isTargets(key: string, target: HTMLElement): boolean {
  if (key === "Enter") return target.closest("a, button, summary") !== null;
  if (key === " ") return target.closest("button, summary, input, audio, video") !== null;
  if (!key.startsWith("Arrow")) return false;
  // On a run's page the next run would be another page.
  return place.peek().run !== null || !(target === document.body || target.closest("[data-testid=runs-rail], .table-scroll") !== null);
}

function isField(element: HTMLElement): boolean {
  return element.matches("input:not([type=checkbox], [type=range]), textarea, select, [contenteditable]");
}

function focusSearch(): void {
  const fields = [...document.querySelectorAll<HTMLInputElement>("[data-search]")];
  const field = fields.find((item) => item.dataset.search === "main") ?? fields[0];
  field?.focus();
  field?.select();
}

function moveCursor(by: number): void {
  const list = groups.peek().length ? groups.peek().flatMap((group) => group.runs) : listedRuns.peek();
  if (!list.length) return;
  const own = place.peek().run;
  const at = list.findIndex((run) => run.id === (cursorRun.peek() ?? own));
  const next = list[Math.min(Math.max(at + by, 0), list.length - 1)];
  if (!next) return;
  const group = groups.peek().find(({ runs }) => runs.includes(next));
  if (group) foldGroup(group.key, true);
  cursorRun.value = next.id;
  if (own !== null && next.id !== own) go({ project: place.peek().project, run: next.id });
}

function openCursor(): void {
  if (cursorRun.peek() !== null) go({ project: place.peek().project, run: cursorRun.peek() });
}

function fullScreen(): void {
  if (fullChart.peek()) return fullChart.set("");
  const hovered = document.querySelector<HTMLElement>("[data-chart]:hover, [data-chart]:focus-within");
  if (hovered?.dataset.chart) fullChart.set(hovered.dataset.chart);
}

function escape(): void {
  if (isMarked()) unmark();
  else if (fullChart.peek()) fullChart.set("");
  else if (railOpen.peek()) railOpen.value = false;
  else cursorRun.value = null;
}
