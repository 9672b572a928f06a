// The panels of this project or of the view that is looked at, and what is done to them.

import { computed, effect, signal } from "@preact/signals";
import { newPanel, placed, readPanels, columnsOf, type Kind, type Panel } from "../panels/model";
import { otherColumns } from "./best";
import { say } from "./toast";
import { arrange, layout } from "./views";

export const panels = computed<Panel[]>(() => readPanels(layout.value));

/** The panel in the editor; null while it is closed. */
export const edited = signal<Panel | null>(null);

export function startPanels(): void {
  effect(() => {
    otherColumns.value = [...panels.value, ...(edited.value ? [edited.value] : [])].flatMap(columnsOf);
  });
}

export function keepPanel(panel: Panel): void {
  arrange(panel.id, panel);
}

export function removePanel(panel: Panel): void {
  say("Panel removed.", { undo: arrange(panel.id, null) });
}

/** Where a new panel goes: behind all others. */
function lastPlace(): number {
  return Math.max(0, ...panels.peek().map(({ place }) => place)) + 1;
}

export function editNew(kind: Kind): void {
  edited.value = newPanel(kind, lastPlace());
}

/** A panel of one chart, on top of the page. */
export function pinChart(name: string): void {
  keepPanel({ ...newPanel("line", lastPlace()), y: [name] });
  say(`${name} is now on top of the charts, among your own panels.`);
}

/** Moves a panel to this place among all of them. */
export function movePanel(panel: Panel, index: number): void {
  placed(panels.peek(), panel, index).forEach(keepPanel);
}

/** Moves a panel by so many places. */
export function shiftPanel(panel: Panel, by: number): void {
  movePanel(panel, Math.max(0, placeOf(panel) + by));
}

export function placeOf(panel: Panel): number {
  return panels.peek().findIndex(({ id }) => id === panel.id);
}
