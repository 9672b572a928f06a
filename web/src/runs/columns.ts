// The columns that the runs table can show, and how to sort by one.

import { formatAgo, formatDuration, formatScalar, formatValue, toNumber } from "../format";
import type { Run, Scalar } from "../api/types";
import { best, measureOf, MEASURES, type Measure } from "./best";

export interface Column {
  /** "name", "status", "cause", "tags", "created", "duration", "config.<key>", "metric.<name>", a `Measure` of one, or "curve.<name>". */
  key: string;
  label: string;
  /** What of the metric it is: "min", "step of the min", "curve"; empty for the last value and all else. */
  detail: string;
  numeric: boolean;
  /** Whether it is a result, so that a group of runs has a mean of it. */
  measured: boolean;
  value(run: Run): unknown;
  text(run: Run, now: number): string;
  /** The metric whose curve is drawn instead of a text; it is sorted by its last value. */
  curve?: string;
}

export function duration(run: Run, now: number): number {
  return run.status === "RUNNING" ? Math.max(now - run.createdAt, 0) : run.durationMs;
}

const FIXED: Column[] = [
  fixed("name", "Name", (run) => run.name),
  fixed("status", "Status", (run) => run.status),
  fixed("cause", "Cause", (run) => run.cause ?? ""),
  fixed("tags", "Tags", (run) => run.tags.join(", ")),
  {
    key: "created",
    label: "Created",
    detail: "",
    numeric: true,
    measured: false,
    value: (run) => run.createdAt,
    text: (run, now) => formatAgo(run.createdAt, now),
  },
  {
    key: "duration",
    label: "Duration",
    detail: "",
    numeric: true,
    measured: false,
    value: (run) => run.durationMs,
    text: (run, now) => formatDuration(duration(run, now)),
  },
  fixed("notes", "Notes", (run) => run.notes ?? ""),
];

function fixed(key: string, label: string, value: (run: Run) => string): Column {
  return { key, label, detail: "", numeric: false, measured: false, value, text: value };
}

/** What a column is called where it stands alone. */
export function columnName(key: string): string {
  const column = columnFor(key);
  return column ? [column.detail, column.label].filter(Boolean).join(" ") : key;
}

export function columnFor(key: string): Column | null {
  if (key.startsWith("config.")) return configColumn(key.slice(7));
  if (key.startsWith(CURVE)) return curveColumn(key, key.slice(CURVE.length));
  const found = measureOf(key);
  if (found) return metricColumn(key, found.measure, found.name);
  return FIXED.find((column) => column.key === key) ?? null;
}

/** What the keys of curves begin with. */
export const CURVE = "curve.";

function curveColumn(key: string, name: string): Column {
  const value = (run: Run) => toNumber(measured(run, "metric", name));
  return { key, label: name, detail: "curve", numeric: false, measured: false, value, text: () => "", curve: name };
}

function configColumn(name: string): Column {
  const value = (run: Run) => run.config[name];
  const text = (run: Run) => formatValue(value(run));
  return { key: `config.${name}`, label: name, detail: "", numeric: true, measured: false, value, text };
}

function metricColumn(key: string, measure: Measure, name: string): Column {
  const scalar = (run: Run) => measured(run, measure, name);
  const detail = measure === "metric" ? "" : MEASURES[measure];
  const text = (run: Run) => (measure.endsWith("step") ? formatValue(scalar(run)) : formatScalar(scalar(run)));
  return { key, label: name, detail, numeric: true, measured: true, value: (run) => toNumber(scalar(run)), text };
}

function measured(run: Run, measure: Measure, name: string): Scalar | null {
  const fetched = best.value.get(name)?.get(run.id)?.[measure];
  return (measure === "metric" ? run.summary[name] : undefined) ?? fetched ?? null;
}

export interface ColumnKeys {
  fixed: string[];
  /** Config keys, those that differ between the runs first. */
  config: string[];
  /** So many of them differ. */
  differing: number;
  metrics: string[];
}

/** `names` are metrics beyond those that the list of runs tells of. */
export function availableColumns(runs: readonly Run[], names: readonly string[] = []): ColumnKeys {
  const values = new Map<string, Set<string>>();
  const counts = new Map<string, number>();
  const metrics = new Set<string>(names);
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
    differing: config.filter((key) => rank(key) === 0).length,
    metrics: [...metrics].sort(metricOrder).map((name) => `metric.${name}`),
  };
}

/** Made once: `localeCompare` would make one for each of the comparisons of ten thousand names. */
const collator = new Intl.Collator(undefined, { numeric: true });

/** Compares names as people sort them: layer2 before layer10. */
export const byName = collator.compare;

/** Losses first, then the other metrics of the user, the machine's own last. */
export function metricOrder(a: string, b: string): number {
  return metricRank(a) - metricRank(b) || byName(a, b);
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
  const cause = runs.some((run) => run.cause) ? ["cause"] : [];
  const differing = Math.min(all.differing, 4);
  const config = [...all.config.slice(0, differing), ...metrics, ...all.config.slice(differing, 6)];
  return ["name", "status", ...cause, "created", "duration", ...config, "tags"];
}

/** The order that the first click on a column gives: what is best or newest on top, words from a to z. */
export function firstOrder(key: string): string {
  const column = columnFor(key);
  const isTime = key === "created" || key === "duration";
  const isLowGood = !key.includes("step.") && /loss|err|ppl|perplexity/i.test(column?.label ?? "");
  return isTime || (column?.measured && !isLowGood) ? `-${key}` : key;
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

/** Where each run's value stands among the different values of all, from 0 for the lowest to 1. */
export function placesOf(column: Column, runs: readonly Run[]): Map<number, number> {
  const values = runs.map((run) => [run.id, column.value(run)] as const);
  const known = values.filter((pair): pair is readonly [number, number] => Number.isFinite(pair[1]));
  const order = [...new Set(known.map(([, value]) => value))].sort((a, b) => a - b);
  if (order.length < 2) return new Map();
  const places = new Map(order.map((value, index) => [value, index / (order.length - 1)]));
  return new Map(known.map(([id, value]) => [id, places.get(value) as number]));
}

export function compareValues(a: unknown, b: unknown, down: boolean): number {
  const missing = Number(isMissing(a)) - Number(isMissing(b));
  if (missing || isMissing(a)) return missing;
  const order =
    typeof a === "number" && typeof b === "number"
      ? a - b
      : byName(exact(a), exact(b));
  return down ? -order : order;
}

function isMissing(value: unknown): boolean {
  return value === null || value === undefined || value === "" || Number.isNaN(value);
}

function exact(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
