// Which lines of a console are shown, and which of them hold what is searched for.

import type { ConsoleLine } from "../api/types";
import { plain } from "./ansi";

export type Level = "all" | "warnings" | "errors";

const LOUD = ["ERROR", "CRITICAL", "FATAL"];

export const LEVELS: Record<Level, { label: string; keeps(type: string): boolean }> = {
  all: { label: "all levels", keeps: () => true },
  warnings: { label: "warnings up", keeps: (type) => type.startsWith("WARN") || LOUD.includes(type) },
  errors: { label: "errors", keeps: (type) => LOUD.includes(type) },
};

/** What the client puts before the lines of a process among several. */
const RANK = /^\[rank(\d+)\] /;

function rankOf(text: string): string | null {
  return text.startsWith("[rank") ? (RANK.exec(text)?.[1] ?? null) : null;
}

/** The ranks that printed something, in their order. */
export function ranksOf(lines: readonly ConsoleLine[]): string[] {
  const ranks = new Set(lines.map((line) => rankOf(line.text)));
  return [...ranks].filter((rank) => rank !== null).sort((a, b) => Number(a) - Number(b));
}

/** The lines of a level and of a rank; "" is all ranks. */
export function kept(lines: readonly ConsoleLine[], level: Level, rank: string): readonly ConsoleLine[] {
  if (level === "all" && rank === "") return lines;
  return lines.filter((line) => LEVELS[level].keeps(line.type) && (rank === "" || rankOf(line.text) === rank));
}

/** The places in the list of the lines that hold the text, in any case. */
export function matching(lines: readonly ConsoleLine[], search: string): number[] {
  const wanted = search.toLowerCase();
  if (!wanted) return [];
  return lines.flatMap((line, index) => (plain(line.text).toLowerCase().includes(wanted) ? [index] : []));
}

/** Where a text holds what is searched for: first and last place behind it of each. */
export function hits(text: string, search: string): [number, number][] {
  const wanted = search.toLowerCase();
  const lower = text.toLowerCase();
  // A few capitals are longer in lower case; then no place can be told.
  if (!wanted || lower.length !== text.length) return [];
  const found: [number, number][] = [];
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, at + wanted.length)) {
    found.push([at, at + wanted.length]);
  }
  return found;
}

/** The place in `matches` of the match to go to: `by` on from the current line, or the first one in sight. */
export function nextMatch(matches: readonly number[], current: number | null, by: 1 | -1, top: number): number {
  const place = current === null ? -1 : matches.indexOf(current);
  if (place >= 0) return (place + by + matches.length) % matches.length;
  const inSight = matches.findIndex((index) => index >= top);
  return inSight >= 0 ? inSight : matches.length - 1;
}

/** The id of the last line printed at or before a time; null where there is none. */
export function lineAt(lines: readonly ConsoleLine[], time: number): number | null {
  return lines.findLast((line) => line.time <= time)?.id ?? null;
}

/** The bars of tqdm and rich. */
export function isProgress(text: string): boolean {
  return /\d%\|.*\| *\d+(\.\d+)?[kMG]?\/|[━╸]{3}.*\d%|\d+it \[\d\d:/.test(text);
}
