// A short word on what was just done, with a way back.

import { signal } from "@preact/signals";

export interface Toast {
  text: string;
  /** What undoes it; null where nothing can. */
  undo: (() => Promise<void>) | null;
  failed: boolean;
}

export const toast = signal<Toast | null>(null);

const SECONDS = 20;

let timer: ReturnType<typeof setTimeout> | undefined;

export function say(text: string, options: { undo?: () => Promise<void>; failed?: boolean } = {}): void {
  toast.value = { text, undo: options.undo ?? null, failed: options.failed ?? false };
  clearTimeout(timer);
  timer = setTimeout(() => (toast.value = null), SECONDS * 1000);
}
