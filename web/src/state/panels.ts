// The panels of this project, and what is done to them.

import { computed, effect, signal } from "@preact/signals";
import { newPanel, placed, readPanels, columnsOf, type Kind, type Panel } from "../panels/model";
import { otherColumns } from "./best";
import { keep, saved } from "./saved";
import { say } from "./toast";

export const panels = computed<Panel[]>(() => readPanels(saved.value.panel));

/** The panel in the editor; null while it is closed. */
export const edited = signal<Panel | null>(null);

export function startPanels(): void {
  effect(() => {
    otherColumns.value = [...panels.value, ...(edited.value ? [edited.value] : [])].flatMap(columnsOf);
  });
}

export function keepPanel(panel: Panel): void {
  void keep("panel", panel.id, panel);
}

export function removePanel(panel: Panel): void {
  void keep("panel", panel.id, null);
  say("Panel removed.", { undo: () => keep("panel", panel.id, panel) });
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
