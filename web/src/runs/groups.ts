// Runs put together by what their columns say, for instance all seeds of one learning rate.

import type { Run } from "../api/types";
import { exactValue, formatDeviation, formatNumber, formatValue } from "../format";
import { columnFor, compareValues, type Column } from "./columns";

export interface Group {
  /** Below zero, so that it is no run's id; the same for as long as no older run appears. */
  id: number;
  /** Names the group in links and lists: its values as JSON. */
  key: string;
  /** What a person reads: "lr 0.1 · depth 4". */
  label: string;
  runs: Run[];
}

/** The groups of `runs`, in the order of their first run; `all` are the project's runs, which number the groups. */
export function groupRuns(runs: readonly Run[], keys: readonly string[], all: readonly Run[]): Group[] {
  const columns = keys.map(columnFor).filter((column) => column !== null);
  const ids = groupIds(all, columns);
  const texts = columns.map((column) => distinctTexts(column, all));
  const groups = new Map<string, Group>();
  for (const run of runs) {
    const key = keyOf(run, columns);
    const known = groups.get(key);
    if (known) known.runs.push(run);
    else groups.set(key, { id: ids.get(key) ?? -1, key, label: labelOf(run, columns, texts), runs: [run] });
  }
  return [...groups.values()];
}

function groupIds(all: readonly Run[], columns: readonly Column[]): Map<string, number> {
  const ids = new Map<string, number>();
  for (const run of [...all].sort((a, b) => a.createdAt - b.createdAt || a.id - b.id)) {
    const key = keyOf(run, columns);
    if (!ids.has(key)) ids.set(key, -1 - ids.size);
  }
  return ids;
}

function keyOf(run: Run, columns: readonly Column[]): string {
  return JSON.stringify(columns.map((column) => column.value(run) ?? null));
}

/** How the values of a column read in labels: in short, but those that would read alike as they are. */
function distinctTexts(column: Column, all: readonly Run[]): (value: unknown) => string {
  const values = new Map<string, Set<string>>();
  for (const run of all) {
    const value = column.value(run);
    const text = formatValue(value);
    values.set(text, (values.get(text) ?? new Set()).add(exactValue(value)));
  }
  return (value) => {
    const text = formatValue(value);
    return (values.get(text)?.size ?? 0) > 1 ? exactValue(value) : text;
  };
}

function labelOf(run: Run, columns: readonly Column[], texts: readonly ((value: unknown) => string)[]): string {
  return columns.map((column, index) => `${column.label} ${texts[index]?.(column.value(run)) || "–"}`).join(" · ");
}

export interface Statistics {
  mean: number;
  /** Sample standard deviation; 0 for a single value. */
  deviation: number;
  count: number;
}

/** Of the finite numbers among the values; null when there is none. */
export function statistics(values: readonly unknown[]): Statistics | null {
  const numbers = values.filter((value): value is number => typeof value === "number" && Number.isFinite(value));
  if (!numbers.length) return null;
  const count = numbers.length;
  const mean = numbers.reduce((sum, value) => sum + value, 0) / count;
  const squares = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: count > 1 ? Math.sqrt(squares / (count - 1)) : 0, count };
}

/** What a group's row says in a column: mean ± deviation, the value all share, or how many there are. */
export function groupText(column: Column, runs: readonly Run[]): string {
  const values = runs.map((run) => column.value(run));
  const different = new Set(values.map((value) => JSON.stringify(value) ?? "")).size;
  const first = runs[0];
  if (different === 1 && first && !column.measured) return column.text(first, 0);
  if (column.measured) {
    const found = statistics(values);
    return [found && meanText(found), outsideText(values)].filter(Boolean).join(" · ");
  }
  return column.key.startsWith("config.") ? `${different} values` : "";
}

/** What of the values no mean can hold, counted: "1 NaN". */
function outsideText(values: readonly unknown[]): string {
  const outside = values.filter((value) => typeof value === "number" && !Number.isFinite(value)).map((value) => formatNumber(value as number));
  return [...new Set(outside)].map((word) => `${outside.filter((other) => other === word).length} ${word}`).join(", ");
}

/** What the mean is of: not all runs may have a finite value. */
export function groupTitle(column: Column, runs: readonly Run[]): string {
  const count = statistics(runs.map((run) => column.value(run)))?.count ?? 0;
  return `Mean ± standard deviation of ${count === runs.length ? "" : `${count} of `}${runs.length} runs`;
}

export function meanText({ mean, deviation, count }: Statistics): string {
  return count > 1 ? `${formatNumber(mean)} ± ${formatDeviation(deviation)}` : formatNumber(mean);
}

/** The value by which a group is sorted: the mean of numbers, else what its first run says. */
export function groupValue(column: Column, runs: readonly Run[]): unknown {
  const values = runs.map((run) => column.value(run));
  return statistics(values)?.mean ?? values[0];
}

/** Sorts a copy as `sortRuns` does, groups by their means. */
export function sortGroups(groups: readonly Group[], order: string): Group[] {
  const down = order.startsWith("-");
  const column = columnFor(down ? order.slice(1) : order);
  if (!column) return [...groups];
  const keyed = groups.map((group) => ({ group, value: groupValue(column, group.runs) }));
  keyed.sort((a, b) => compareValues(a.value, b.value, down));
  return keyed.map((item) => item.group);
}
