// What is under the pointer, in the rail, in a chart or in a panel: all charts let the others fade.

import { signal } from "@preact/signals";

/** A run's id, or below zero that of a group. */
export const focusedRun = signal<number | null>(null);

/** The metric of the line under the pointer; null where a run as a whole is pointed at. */
export const focusedMetric = signal<string | null>(null);

/** Which lines of a chart stand out: those of a run (or group), or one of them. */
export interface Focus {
  run: number;
  metric: string | null;
}
