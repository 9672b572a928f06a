// The panels of this project, and what is done to them.

import { computed, effect, signal } from "@preact/signals";
import { newPanel, readPanels, columnsOf, type Kind, type Panel } from "../panels/model";
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

/** Changes places with the neighbour on that side. */
export function movePanel(panel: Panel, by: -1 | 1): void {
  const list = panels.peek();
  const other = list[list.findIndex(({ id }) => id === panel.id) + by];
  if (!other) return;
  // Panels of two people may have one place: then the order is settled first.
  const [mine, others] = panel.place === other.place ? [other.place + by, panel.place] : [other.place, panel.place];
  keepPanel({ ...panel, place: mine });
  keepPanel({ ...other, place: others });
}
