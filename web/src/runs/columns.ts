// The columns that the runs table can show, and how to sort by one.

import { formatAgo, formatDuration, formatScalar, formatValue, toNumber } from "../format";
import type { Run } from "../api/types";

export interface Column {
  /** "name", "status", "tags", "created", "duration", "config.<key>" or "metric.<name>". */
  key: string;
  label: string;
  numeric: boolean;
  value(run: Run): unknown;
  text(run: Run, now: number): string;
}

export function duration(run: Run, now: number): number {
  return run.status === "RUNNING" ? Math.max(now - run.createdAt, 0) : run.durationMs;
}

const FIXED: Column[] = [
  fixed("name", "Name", (run) => run.name),
  fixed("status", "Status", (run) => run.status),
  fixed("tags", "Tags", (run) => run.tags.join(", ")),
  {
    key: "created",
    label: "Created",
    numeric: true,
    value: (run) => run.createdAt,
    text: (run, now) => formatAgo(run.createdAt, now),
  },
  {
    key: "duration",
    label: "Duration",
    numeric: true,
    value: (run) => run.durationMs,
    text: (run, now) => formatDuration(duration(run, now)),
  },
  fixed("notes", "Notes", (run) => run.notes ?? ""),
];

function fixed(key: string, label: string, value: (run: Run) => string): Column {
  return { key, label, numeric: false, value, text: value };
}

export function columnFor(key: string): Column | null {
  if (key.startsWith("config.")) return configColumn(key.slice(7));
  if (key.startsWith("metric.")) return metricColumn(key.slice(7));
  return FIXED.find((column) => column.key === key) ?? null;
}

function configColumn(name: string): Column {
  const value = (run: Run) => run.config[name];
  return { key: `config.${name}`, label: name, numeric: true, value, text: (run) => formatValue(value(run)) };
}

function metricColumn(name: string): Column {
  const value = (run: Run) => toNumber(run.summary[name]);
  return { key: `metric.${name}`, label: name, numeric: true, value, text: (run) => formatScalar(run.summary[name]) };
}

export interface ColumnKeys {
  fixed: string[];
  /** Config keys, those that differ between the runs first. */
  config: string[];
  metrics: string[];
}

export function availableColumns(runs: readonly Run[]): ColumnKeys {
  const values = new Map<string, Set<string>>();
  const counts = new Map<string, number>();
  const metrics = new Set<string>();
  for (const run of runs) {
    for (const [key, value] of Object.entries(run.config)) {
      const seen = values.get(key) ?? new Set();
      values.set(key, seen.add(JSON.stringify(value) ?? ""));
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    for (const name of Object.keys(run.summary)) metrics.add(name);
  }
  // Differing values first, then keys that some runs lack, then what is the same everywhere.
  const rank = (key: string) => ((values.get(key)?.size ?? 0) > 1 ? 0 : counts.get(key) === runs.length ? 2 : 1);
  const config = [...values.keys()].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
  return {
    fixed: FIXED.map((column) => column.key),
    config: config.map((key) => `config.${key}`),
    metrics: [...metrics].sort(metricOrder).map((name) => `metric.${name}`),
  };
}

/** Losses first, then the other metrics of the user, the machine's own last. */
export function metricOrder(a: string, b: string): number {
  return metricRank(a) - metricRank(b) || a.localeCompare(b, undefined, { numeric: true });
}

function metricRank(name: string): number {
  if (name.startsWith("sys/")) return 3;
  if (/loss/i.test(name)) return 0;
  if (/acc|reward|score|f1|auc|iou|ppl|perplexity/i.test(name)) return 1;
  return 2;
}

/** What the table shows until a person chooses: differing config, and the metrics worth a look. */
export function defaultColumns(runs: readonly Run[]): string[] {
  const all = availableColumns(runs);
  const metrics = all.metrics.filter((key) => !key.startsWith("metric.sys/")).slice(0, 6);
  return ["name", "status", "tags", "created", "duration", ...metrics, ...all.config.slice(0, 6)];
}

/** Sorts a copy; `order` is a column key, with a minus in front for descending. Empty values stay last. */
export function sortRuns(runs: readonly Run[], order: string): Run[] {
  const down = order.startsWith("-");
  const column = columnFor(down ? order.slice(1) : order);
  const sorted = [...runs].sort((a, b) => b.createdAt - a.createdAt || b.id - a.id);
  if (!column) return sorted;
  const keyed = sorted.map((run) => ({ run, value: column.value(run) }));
  keyed.sort((a, b) => compareValues(a.value, b.value, down));
  return keyed.map((item) => item.run);
}

function compareValues(a: unknown, b: unknown, down: boolean): number {
  const missing = Number(isMissing(a)) - Number(isMissing(b));
  if (missing || isMissing(a)) return missing;
  const order =
    typeof a === "number" && typeof b === "number"
      ? a - b
      : exact(a).localeCompare(exact(b), undefined, { numeric: true });
  return down ? -order : order;
}

function isMissing(value: unknown): boolean {
  return value === null || value === undefined || value === "" || Number.isNaN(value);
}

function exact(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
