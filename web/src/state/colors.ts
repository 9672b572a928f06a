// The colour of a run: by its place among the runs of its project, so that runs made one after the other
// differ and a newer one changes none; a person may choose another one.
// Okabe and Ito's palette, which colour-blind people can tell apart, each hue brought to a contrast
// of 3:1 or more on its background, then the same hues lighter or darker.

import { computed, signal } from "@preact/signals";
import type { Run } from "../api/types";
import { keepJson, keptJson } from "../parts/kept";
import { runs } from "./catalog";
import { theme, type Theme } from "./theme";

const PALETTE: Record<Theme, readonly string[]> = {
  light: ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#c78500", "#2b97d6", "#8f8400", "#6b6b6b"],
  dark: ["#3d9bdc", "#f07a28", "#1fbd92", "#dd93bb", "#e8a91f", "#7cc8f2", "#efe45a", "#a8a8a8"],
};

const SHADED: Record<Theme, readonly string[]> = {
  light: ["#004b76", "#8f3f00", "#006b4e", "#954d75", "#7d5300", "#12648f", "#5b5400", "#3d3d3d"],
  dark: ["#93c9ee", "#f8b080", "#82dfc4", "#eec3d8", "#f4d285", "#b9e2f8", "#f8f2a8", "#d4d4d4"],
};

const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 3], [8, 3, 2, 3]];

const COLORS = 16;

const KEY = "pluto.colors";

/** Palette indices chosen by hand, by run id. */
const chosen = signal(keptJson<Readonly<Record<string, number>>>(KEY, (value) => ({ ...(value as object) }), {}));

/** Place of each run of the project in the order in which they were made. */
const ranks = computed(() => {
  const order = [...runs.value].sort((a, b) => a.createdAt - b.createdAt || a.id - b.id);
  return new Map(order.map((run, index) => [run.id, index]));
});

export function colorOf(run: Pick<Run, "id">): string {
  return colorAt(chosen.value[run.id] ?? ranks.value.get(run.id) ?? run.id);
}

/** The colour of a group of runs: groups are numbered -1, -2, … in the order of their first runs. */
export function colorOfGroup(id: number): string {
  return colorAt(-1 - id);
}

/** The colour of this place in the palette. */
export function colorAt(number: number): string {
  const base = PALETTE[theme.value];
  const index = ((number % COLORS) + COLORS) % COLORS;
  const palette = index < base.length ? base : SHADED[theme.value];
  return palette[index % base.length] as string;
}

/** Dashes for lines of one chart: a colour that comes again comes with the next pattern. */
export function dashesOf(colors: readonly string[]): (readonly number[])[] {
  const seen = new Map<string, number>();
  return colors.map((color) => {
    const times = seen.get(color) ?? 0;
    seen.set(color, times + 1);
    return DASHES[times % DASHES.length] as readonly number[];
  });
}

/** The colours to choose from, by palette index. */
export function swatches(): string[] {
  return [...PALETTE[theme.value], ...SHADED[theme.value]];
}

export function chooseColor(run: number, index: number): void {
  chosen.value = { ...chosen.peek(), [run]: index };
  keepJson(KEY, chosen.peek());
}
