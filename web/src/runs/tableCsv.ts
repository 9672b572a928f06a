// The runs table to take away: a line a run, the shown columns with their exact values.

import { exactValue } from "../format";
import { csvOf } from "../parts/csv";
import type { Run } from "../api/types";
import type { Column } from "./columns";

/** The heads are the keys that the columns have in links and filters; times are in UTC, durations in ms. */
export function tableCsv(runs: readonly Run[], columns: readonly Column[]): string {
  const head = ["id", ...columns.map((column) => column.key)];
  return csvOf([head, ...runs.map((run) => [run.id, ...columns.map((column) => cell(column, run))])]);
}

function cell(column: Column, run: Run): unknown {
  const value = column.value(run);
  if (column.key === "created") return new Date(run.createdAt).toISOString();
  return typeof value === "object" && value !== null ? exactValue(value) : value;
}
