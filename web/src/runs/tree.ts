// The JSON filter of the read API, typed into the filter field: {"$or":[{"tags":"v2"},{"config.lr":{"$gt":0.1}}]}.
// The same vocabulary as the server's, over what the list holds of each run.

import type { Run } from "../api/types";
import { toNumber } from "../format";
import { columnFor } from "./columns";

type Predicate = (run: Run) => boolean;
type Leaf = (value: unknown) => boolean;

const STATES: Record<string, string> = {
  running: "RUNNING",
  finished: "COMPLETED",
  completed: "COMPLETED",
  failed: "FAILED",
  crashed: "FAILED",
  killed: "TERMINATED",
  terminated: "TERMINATED",
  preempted: "CANCELLED",
  cancelled: "CANCELLED",
  canceled: "CANCELLED",
};

/** The filter of a JSON text; throws an Error that says what cannot be understood. */
export function compileTree(text: string): Predicate {
  return tree(JSON.parse(text) as unknown);
}

function tree(node: unknown): Predicate {
  if (typeof node !== "object" || node === null || Array.isArray(node)) throw new Error("a filter is an object: {…}");
  const parts = Object.entries(node).map(([key, value]) => part(key, value as unknown));
  return (run) => parts.every((each) => each(run));
}

function part(key: string, value: unknown): Predicate {
  if (key === "$and" || key === "$or") {
    if (!Array.isArray(value)) throw new Error(`${key} takes a list of filters`);
    const parts = value.map(tree);
    return key === "$and" ? (run) => parts.every((each) => each(run)) : (run) => parts.some((each) => each(run));
  }
  if (key === "$not") {
    const inner = tree(value);
    return (run) => !inner(run);
  }
  return field(key, value);
}

function field(key: string, wanted: unknown): Predicate {
  const values = valuesOf(key);
  const isStatus = key === "status" || key === "state";
  const operators = typeof wanted === "object" && wanted !== null && !Array.isArray(wanted) ? wanted : { $eq: wanted };
  const leaves = Object.entries(operators).map(([name, operand]) => leaf(name, isStatus ? statusWord(operand as unknown) : operand));
  return (run) => leaves.every((each) => each(values(run)));
}

/** A status by any of its names, and lists of them. */
function statusWord(operand: unknown): unknown {
  if (Array.isArray(operand)) return operand.map(statusWord);
  return STATES[String(operand).toLowerCase()] ?? operand;
}

const TIMES: Record<string, (run: Run) => number> = {
  created_at: (run) => run.createdAt,
  createdAt: (run) => run.createdAt,
  updated_at: (run) => run.updatedAt,
  updatedAt: (run) => run.updatedAt,
};

const PREFIXES: readonly [prefix: string, values: (run: Run, rest: string) => unknown][] = [
  ["config.", (run, rest) => run.config[rest]],
  ["summaryMetrics.", (run, rest) => run.summary[rest]],
  ["summary_metrics.", (run, rest) => run.summary[rest]],
];

/** What a field is of a run; tags are a list of which any may match. */
function valuesOf(key: string): (run: Run) => unknown {
  const time = TIMES[key];
  if (time) return time;
  if (key === "state") return (run) => run.status;
  if (key === "displayName" || key === "display_name") return (run) => run.name;
  if (key === "tags") return (run) => run.tags;
  const prefix = PREFIXES.find(([start]) => key.startsWith(start));
  if (prefix) return (run) => prefix[1](run, key.slice(prefix[0].length));
  const column = columnFor(key);
  if (!column) throw new Error(`${key} is no field: name, status, tags, created_at, config.…, summary_metrics.…`);
  return column.value;
}

function leaf(name: string, operand: unknown): Leaf {
  if (name === "$ne" || name === "$nin") {
    const same = leaf(name === "$ne" ? "$eq" : "$in", operand);
    return (value) => !same(value);
  }
  if (name === "$in") {
    if (!Array.isArray(operand)) throw new Error("$in takes a list");
    const each = operand.map((item) => leaf("$eq", item));
    return (value) => each.some((same) => same(value));
  }
  if (name === "$regex") {
    const pattern = new RegExp(String(operand));
    return anyOf((value) => typeof value === "string" && pattern.test(value));
  }
  const compare = COMPARISONS[name];
  if (!compare) throw new Error(`${name} is no operator: $eq $ne $gt $gte $lt $lte $in $nin $regex`);
  if (operand === null && name === "$eq") return (value) => value === null || value === undefined;
  return anyOf((value) => compare(value, operand));
}

function anyOf(one: Leaf): Leaf {
  return (value) => (Array.isArray(value) ? value.some(one) || one(JSON.stringify(value)) : one(value));
}

const COMPARISONS: Record<string, (value: unknown, operand: unknown) => boolean> = {
  $eq: (value, operand) => value === operand || ordered(value, operand) === 0,
  $gt: (value, operand) => (ordered(value, operand) ?? NaN) > 0,
  $gte: (value, operand) => (ordered(value, operand) ?? NaN) >= 0,
  $lt: (value, operand) => (ordered(value, operand) ?? NaN) < 0,
  $lte: (value, operand) => (ordered(value, operand) ?? NaN) <= 0,
};

/** How two values are ordered: numbers as such, a date as its time; null where they cannot be compared. */
function ordered(value: unknown, operand: unknown): number | null {
  const left = toNumber(value);
  if (left !== null) {
    const right = typeof operand === "string" ? Date.parse(operand) : toNumber(operand);
    return right === null || Number.isNaN(left - right) ? null : left - right;
  }
  if (typeof value !== "string" || typeof operand !== "string") return null;
  return value === operand ? 0 : value < operand ? -1 : 1;
}
