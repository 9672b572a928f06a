// The run under the pointer, in the rail, in a chart or in a panel: all charts let the others fade.

import { signal } from "@preact/signals";

/** A run's id, or below zero that of a group. */
export const focusedRun = signal<number | null>(null);
