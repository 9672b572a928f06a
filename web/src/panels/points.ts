// What bars, scatters and parallel axes show: a run or a group of runs with its values and its colour.

import { csvOf } from "../parts/csv";
import type { Run } from "../api/types";
import { columnFor, type Column } from "../runs/columns";
import { groupValue, statistics } from "../runs/groups";
import { colorOf, colorOfGroup } from "../state/colors";
import { groups, listedRuns, shownRuns } from "../state/selection";
import { theme } from "../state/theme";
import type { Panel } from "./model";
import { scaleOf, shade } from "./scale";

export interface Point {
  /** The run's id, or below zero that of a group. */
  id: number;
  label: string;
  color: string;
  /** By column key. */
  values: Readonly<Record<string, unknown>>;
  /** Standard deviation of a group, by column key. */
  deviations: Readonly<Record<string, number>>;
}

/** More points than this are no picture any more. */
const MOST = 2000;
const MOST_BARS = 100;

/** Of bars the shown runs, or all groups; of the others all runs of the list. */
export function pointsOf(panel: Panel, columns: readonly Column[]): Point[] {
  if (groups.value.length && panel.kind === "bar") return groups.value.slice(0, MOST_BARS).map((group) => groupPoint(group, columns));
  return pointsFor(panel.kind === "bar" ? shownRuns.value : listedRuns.value.slice(0, MOST), panel, columns);
}

/** Points of these runs. */
export function pointsFor(runs: readonly Run[], panel: Panel, columns: readonly Column[]): Point[] {
  return colored(runs, panel.color).map(({ run, color }) => ({
    id: run.id,
    label: run.name,
    color,
    values: Object.fromEntries(columns.map((column) => [column.key, column.value(run)])),
    deviations: {},
  }));
}

function groupPoint(group: { id: number; label: string; runs: Run[] }, columns: readonly Column[]): Point {
  const deviation = (column: Column) => statistics(group.runs.map((run) => column.value(run)))?.deviation ?? 0;
  return {
    id: group.id,
    label: `${group.label} (${group.runs.length})`,
    color: colorOfGroup(group.id),
    values: Object.fromEntries(columns.map((column) => [column.key, groupValue(column, group.runs)])),
    deviations: Object.fromEntries(columns.map((column) => [column.key, deviation(column)])),
  };
}

function colored(runs: readonly Run[], key: string): { run: Run; color: string }[] {
  const column = key ? columnFor(key) : null;
  if (!column) return runs.map((run) => ({ run, color: colorOf(run) }));
  const values = runs.map((run) => column.value(run));
  const scale = scaleOf(values);
  return runs.map((run, index) => ({ run, color: shade(scale.place(values[index]), theme.value === "dark") }));
}

/** The values as a table. */
export function pointsCsv(points: readonly Point[], columns: readonly Column[]): string {
  const head = ["run", ...columns.map((column) => column.key)];
  const rows = points.map((point) => [point.label, ...columns.map((column) => point.values[column.key])]);
  return csvOf([head, ...rows]);
}
