// What a study of runs is about: which of them, which parameters they vary, and what is the best.

import type { Run } from "../api/types";
import { columnFor } from "../runs/columns";

const TAG = "sweep:";
/** More parameters than this make no picture. */
const MOST_PARAMETERS = 12;
const HIGH_IS_GOOD = /acc|reward|score|f1|auc|iou|bleu|return/i;

export interface Sweep {
  id: string;
  runs: number;
}

/** The sweeps that runs are tagged with, that of the newest run first. */
export function sweepsOf(runs: readonly Run[]): Sweep[] {
  const counts = new Map<string, number>();
  for (const run of [...runs].sort((a, b) => b.createdAt - a.createdAt)) {
    for (const tag of run.tags) {
      if (tag.startsWith(TAG)) counts.set(tag.slice(TAG.length), (counts.get(tag.slice(TAG.length)) ?? 0) + 1);
    }
  }
  return [...counts].map(([id, count]) => ({ id, runs: count }));
}

export function runsOf(runs: readonly Run[], sweep: string): Run[] {
  return sweep ? runs.filter((run) => run.tags.includes(TAG + sweep)) : [...runs];
}

/** The metric that the sweep itself is about, if it says so. */
export function ownGoal(runs: readonly Run[]): { metric: string; most: boolean } | null {
  for (const { config } of runs) {
    const name = config["sweep.metric.name"];
    if (typeof name === "string") return { metric: name, most: String(config["sweep.metric.goal"]).startsWith("max") };
  }
  return null;
}

/** Whether a metric of this name is the better the higher it is. */
export function isHighGood(name: string): boolean {
  return HIGH_IS_GOOD.test(name);
}

/** The config keys that differ between the runs, those that some only lack last: those of the sweep where it names them, else all. */
export function parametersOf(runs: readonly Run[]): string[] {
  const values = new Map<string, Set<string>>();
  for (const { config } of runs) {
    for (const [key, value] of Object.entries(config)) {
      if (!values.has(key)) values.set(key, new Set());
      values.get(key)?.add(JSON.stringify(value) ?? "");
    }
  }
  const own = [...values.keys()].filter((key) => key.startsWith("sweep.parameters.")).map((key) => key.slice("sweep.parameters.".length));
  const keys = own.length ? own : [...values.keys()].filter((key) => !key.startsWith("sweep."));
  const differs = (key: string) => (values.get(key)?.size ?? 0) > 1;
  const lacking = (key: string) => values.get(key)?.size === 1 && runs.some((run) => !(key in run.config));
  return [...keys.filter(differs), ...keys.filter(lacking)].slice(0, MOST_PARAMETERS);
}

export interface Result {
  run: Run;
  value: number;
}

/** The runs that have a finite result, the best one first. */
export function ranked(runs: readonly Run[], goal: string, most: boolean): Result[] {
  const column = columnFor(goal);
  if (!column) return [];
  const all = runs.flatMap((run) => {
    const value = column.value(run);
    return typeof value === "number" && Number.isFinite(value) ? [{ run, value }] : [];
  });
  return all.sort((a, b) => (most ? b.value - a.value : a.value - b.value));
}
