// What a person opened or folded by hand, remembered in this browser.

import { signal } from "@preact/signals";

export interface Folds {
  /** Whether it is open: as it was left, or else as it is at first. */
  isOpen(id: string, atFirst: boolean): boolean;
  set(id: string, open: boolean): void;
}

/** The folds that are kept under a key of the browser's storage. */
export function foldsOf(key: string): Folds {
  const folds = signal(read(key));
  return {
    isOpen: (id, atFirst) => folds.value[id] ?? atFirst,
    set(id, open) {
      folds.value = { ...folds.peek(), [id]: open };
      localStorage.setItem(key, JSON.stringify(folds.peek()));
    },
  };
}

function read(key: string): Readonly<Record<string, boolean>> {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "{}") as Record<string, boolean>;
  } catch {
    return {}; // damaged storage: all begins as it would for a newcomer
  }
}
