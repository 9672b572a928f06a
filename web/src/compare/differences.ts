// What differs between runs: their facts, config and last values, row by row.

import type { Run } from "../api/types";
import { formatDuration, formatNumber, toNumber } from "../format";
import { duration, metricOrder } from "../runs/columns";

export interface Row {
  key: string;
  /** One value a run; undefined where the run has none. */
  values: unknown[];
  differs: boolean;
}

export interface Part {
  id: "facts" | "config" | "summary";
  title: string;
  rows: Row[];
}

export function parts(runs: readonly Run[], now: number): Part[] {
  return [
    { id: "facts", title: "Run", rows: factRows(runs, now) },
    { id: "config", title: "Config", rows: rows(runs, (run) => run.config).sort(byName) },
    { id: "summary", title: "Last values", rows: rows(runs, lastValues).sort((a, b) => metricOrder(a.key, b.key)) },
  ];
}

function lastValues(run: Run): Record<string, unknown> {
  return Object.fromEntries(Object.entries(run.summary).map(([name, value]) => [name, toNumber(value) ?? value]));
}

function factRows(runs: readonly Run[], now: number): Row[] {
  const facts: [string, (run: Run) => unknown][] = [
    ["status", (run) => run.status.toLowerCase()],
    ["cause", (run) => run.cause ?? undefined],
    ["duration", (run) => formatDuration(duration(run, now))],
    ["tags", (run) => run.tags.join(", ") || undefined],
    ["notes", (run) => run.notes?.split("\n")[0] || undefined],
  ];
  return facts.map(([key, read]) => row(key, runs.map(read))).filter((one) => one.values.some((value) => value !== undefined));
}

function rows(runs: readonly Run[], read: (run: Run) => Record<string, unknown>): Row[] {
  const all = runs.map(read);
  const keys = new Set(all.flatMap((values) => Object.keys(values)));
  return [...keys].map((key) => row(key, all.map((values) => values[key])));
}

function row(key: string, values: unknown[]): Row {
  return { key, values, differs: new Set(values.map(identity)).size > 1 };
}

/** Text that is the same for equal values only; numbers that JSON lacks keep their names. */
function identity(value: unknown): string {
  return typeof value === "number" ? `number ${value}` : (JSON.stringify(value) ?? "nothing");
}

function byName(a: Row, b: Row): number {
  return a.key.localeCompare(b.key, undefined, { numeric: true });
}

/** How a number stands to that of the run compared with: "+12.5 %", "−0.3"; "" where there is nothing to say. */
export function change(value: unknown, base: unknown): string {
  if (typeof value !== "number" || typeof base !== "number") return "";
  const by = value - base;
  if (!Number.isFinite(by) || by === 0) return "";
  const sign = by > 0 ? "+" : "";
  return base === 0 ? `${sign}${formatNumber(by)}` : `${sign}${formatNumber((100 * by) / Math.abs(base), 3)} %`;
}

export interface Found {
  part: Part;
  differing: Row[];
  equal: Row[];
}

export function search(all: readonly Part[], matches: (text: string) => boolean): Found[] {
  return all.map((part) => {
    const found = part.rows.filter((one) => matches(one.key));
    return { part, differing: found.filter((one) => one.differs), equal: found.filter((one) => !one.differs) };
  });
}
