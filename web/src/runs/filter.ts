// The filter of the runs: free words, `tag:v2`, `status:failed,terminated`, `loss<0.3`, `config.lr>=1e-3`,
// `/regex/`, and a minus in front of any of them. All terms must hold.

import { toNumber } from "../format";
import type { Run } from "../api/types";
import { columnFor } from "./columns";
import { compileTree } from "./tree";

export type Predicate = (run: Run) => boolean;

type Compare = (left: number, right: number) => boolean;

const OPERATORS: Record<string, Compare> = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "=": (a, b) => a === b,
  "!=": (a, b) => a !== b,
};

const FIELDS: Record<string, (run: Run) => string[]> = {
  tag: (run) => run.tags,
  status: (run) => [run.status],
  name: (run) => [run.name],
  id: (run) => [run.displayId, String(run.id)],
  notes: (run) => [run.notes ?? ""],
  cause: (run) => [run.cause ?? ""],
};

/** Words of the text; quotes keep blanks together. */
export function words(text: string): string[] {
  return [...text.matchAll(/-?\w*:?"[^"]*"|\S+/g)].map((match) => match[0].replaceAll('"', ""));
}

/** What is wrong with a JSON filter; empty for all others, which always mean something. */
export function filterProblem(text: string): string {
  if (!text.trimStart().startsWith("{")) return "";
  try {
    compileTree(text);
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export function compileFilter(text: string): Predicate {
  // A JSON filter that is still being typed hides nothing.
  if (text.trimStart().startsWith("{")) return filterProblem(text) ? () => true : compileTree(text);
  const terms = words(text).map(negatable);
  return (run) => terms.every((term) => term(run));
}

function negatable(word: string): Predicate {
  if (!word.startsWith("-") || word.length === 1) return term(word);
  const inner = term(word.slice(1));
  return (run) => !inner(run);
}

function term(word: string): Predicate {
  const comparison = /^(.+?)(<=|>=|!=|<|>|=)(.+)$/.exec(word);
  if (comparison) return compared(comparison[1] as string, comparison[2] as string, comparison[3] as string);
  const field = /^(\w+):(.*)$/.exec(word);
  const values = field && FIELDS[(field[1] as string).toLowerCase()];
  if (field && values) {
    const wanted = (field[2] as string).toLowerCase().split(",").filter((part, index) => part || index === 0);
    return (run) => values(run).some((value) => wanted.some((part) => value.toLowerCase().includes(part)));
  }
  const matches = textMatcher(word);
  return (run) => matches([run.name, run.displayId, run.notes ?? "", ...run.tags].join("\n"));
}

function compared(key: string, operator: string, wanted: string): Predicate {
  const number = Number(wanted);
  const compare = OPERATORS[operator] as Compare;
  return (run) => {
    const value = valueOf(run, key);
    const left = toNumber(value);
    if (left !== null && !Number.isNaN(number)) return compare(left, number);
    if (value === undefined) return operator === "!=";
    const same = String(value).toLowerCase() === wanted.toLowerCase();
    return operator === "=" ? same : operator === "!=" && !same;
  };
}

/** `metric.`, `min.` and `config.` say which; without them a metric wins over a config key. */
function valueOf(run: Run, key: string): unknown {
  const plain = run.summary[key] ?? run.config[key];
  return plain ?? columnFor(key)?.value(run) ?? undefined;
}

/**
 * A matcher for `/regex/` (line by line), or for words that must all be in a text, blind to case. A word such as
 * `train/(loss|acc)` is taken as a regex too; a broken regex is taken as text.
 */
export function textMatcher(pattern: string): (text: string) => boolean {
  const inner = /^\/(.+)\/$/.exec(pattern)?.[1];
  const whole = inner === undefined ? null : regexOf(inner);
  if (whole) return (text) => whole.test(text);
  const parts = pattern.split(/\s+/).map(wordMatcher);
  return (text) => parts.every((matches) => matches(text));
}

function wordMatcher(word: string): (text: string) => boolean {
  const part = word.toLowerCase();
  const regex = /[|^$*+?()[\]\\]/.test(word) ? regexOf(word) : null;
  return (text) => text.toLowerCase().includes(part) || (regex?.test(text) ?? false);
}

/** Null while it is still being typed: `(` is not a regex yet. */
function regexOf(source: string): RegExp | null {
  try {
    return new RegExp(source, "im");
  } catch {
    return null;
  }
}
