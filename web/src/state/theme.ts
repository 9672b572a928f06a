// Light or dark: the system's choice until a person makes one; and the run colours of both.

import { computed, effect, signal } from "@preact/signals";
import { keepText, keptText } from "../parts/kept";

export type Theme = "light" | "dark";

const KEY = "pluto.theme";
const dark = matchMedia("(prefers-color-scheme: dark)");
const system = signal<Theme>(dark.matches ? "dark" : "light");
const choice = signal<Theme | null>(stored());

function stored(): Theme | null {
  const value = keptText(KEY);
  return value === "light" || value === "dark" ? value : null;
}

export const theme = computed<Theme>(() => choice.value ?? system.value);

export function toggleTheme(): void {
  const next: Theme = theme.peek() === "dark" ? "light" : "dark";
  // Back at what the system says: follow it again.
  choice.value = next === system.peek() ? null : next;
  keepText(KEY, choice.peek());
}

export function startTheme(): void {
  dark.addEventListener("change", () => (system.value = dark.matches ? "dark" : "light"));
  effect(() => {
    document.documentElement.dataset.theme = theme.value;
  });
}

/** The value of a colour token, for what is painted on a canvas. */
export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
