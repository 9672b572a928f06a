// What is known of metrics besides their last values: extremes and where they were, by metric and run.
// `state/best.ts` fetches it for the columns that are looked at.

import { signal } from "@preact/signals";
import type { Scalar } from "../api/types";

/** The kinds of columns that a metric has, by the word that its key begins with. */
export const MEASURES = {
  metric: "last",
  min: "min",
  max: "max",
  mean: "mean",
  minstep: "step of the min",
  maxstep: "step of the max",
} as const;

export type Measure = keyof typeof MEASURES;

export type Best = Record<Measure, Scalar | null>;

export const best = signal<ReadonlyMap<string, ReadonlyMap<number, Best>>>(new Map());

/** `min.train/loss` is the `min` of `train/loss`; null for columns of another kind. */
export function measureOf(key: string): { measure: Measure; name: string } | null {
  const dot = key.indexOf(".");
  const measure = key.slice(0, dot);
  return dot > 0 && measure in MEASURES ? { measure: measure as Measure, name: key.slice(dot + 1) } : null;
}
