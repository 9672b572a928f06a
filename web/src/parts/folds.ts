// What a person opened or folded by hand, remembered in this browser.

import { signal } from "@preact/signals";
import { keepJson, keptJson } from "./kept";

export interface Folds {
  /** Whether it is open: as it was left, or else as it is at first. */
  isOpen(id: string, atFirst: boolean): boolean;
  set(id: string, open: boolean): void;
}

/** The folds that are kept under a key of the browser's storage. */
export function foldsOf(key: string): Folds {
  const folds = signal(keptJson<Record<string, boolean>>(key, (value) => ({ ...(value as object) }), {}));
  return {
    isOpen: (id, atFirst) => folds.value[id] ?? atFirst,
    set(id, open) {
      folds.value = { ...folds.peek(), [id]: open };
      keepJson(key, folds.peek());
    },
  };
}
