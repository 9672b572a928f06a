// How much each parameter has to do with a result: its rank correlation, and its importance in a forest of trees.
//
// Correlation: Spearman's rho, Pearson's correlation of the ranks, ties sharing their mean rank (C. Spearman, "The proof
// and measurement of association between two things", American Journal of Psychology 15, 1904).
// Importance: a random forest of regression trees is fitted to the ranks of the result, then each parameter is shuffled
// among the runs that a tree has not seen; how much the error grows is its importance (L. Breiman, "Random forests",
// Machine Learning 45, 2001). Shares of the sum are shown. Both tell of association, not of cause.

export interface Importance {
  key: string;
  /** From -1 to 1; null for values that have no order, and where one of both is the same in all runs. */
  correlation: number | null;
  /** Share of the sum over all parameters, 0 to 1. */
  share: number;
}

const TREES = 60;
const DEPTH = 6;
const LEAF = 2;
/** Below this many runs nothing can be said. */
export const FEWEST = 5;

/** `columns` hold a value a run by parameter; `results` are finite. The same input always gives the same answer. */
export function importances(columns: ReadonlyMap<string, readonly unknown[]>, results: readonly number[]): Importance[] {
  const keys = [...columns.keys()];
  const target = ranks(results);
  const features = keys.map((key) => numbered(columns.get(key) as readonly unknown[]));
  const grown = forest(features, target);
  const sum = grown.reduce((total, value) => total + value, 0);
  const all = keys.map((key, index) => {
    const values = columns.get(key) as readonly unknown[];
    const ordered = values.every((value) => typeof value === "number");
    return { key, correlation: ordered ? spearman(values as number[], results) : null, share: sum > 0 ? (grown[index] as number) / sum : 0 };
  });
  return all.sort((a, b) => b.share - a.share || Math.abs(b.correlation ?? 0) - Math.abs(a.correlation ?? 0));
}

export function spearman(a: readonly number[], b: readonly number[]): number | null {
  const [x, y] = [ranks(a), ranks(b)];
  const mean = (x.length - 1) / 2;
  const product = (one: readonly number[], other: readonly number[]) =>
    one.reduce((sum, value, index) => sum + (value - mean) * ((other[index] as number) - mean), 0);
  const size = Math.sqrt(product(x, x) * product(y, y));
  return size > 0 ? product(x, y) / size : null;
}

/** Places from 0 in ascending order; equal values share the mean of theirs. */
export function ranks(values: readonly number[]): number[] {
  const order = values.map((_, index) => index).sort((a, b) => (values[a] as number) - (values[b] as number));
  const result = new Array<number>(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to] as number] === values[order[from] as number]) to += 1;
    for (let at = from; at < to; at += 1) result[order[at] as number] = (from + to - 1) / 2;
    from = to;
  }
  return result;
}

/** Numbers by their ranks; words by the order of their first appearance, which a tree can still take apart. */
function numbered(values: readonly unknown[]): number[] {
  if (values.every((value) => typeof value === "number")) return ranks(values as number[]);
  const places = new Map<string, number>();
  return values.map((value) => {
    const text = JSON.stringify(value) ?? "";
    if (!places.has(text)) places.set(text, places.size);
    return places.get(text) as number;
  });
}

type Columns = readonly (readonly number[])[];
type Tree = number | { feature: number; at: number; low: Tree; high: Tree };

function forest(features: Columns, target: readonly number[]): number[] {
  const random = generator(target.length);
  const grown = features.map(() => 0);
  for (let turn = 0; turn < TREES; turn += 1) {
    const drawn = target.map(() => Math.floor(random() * target.length));
    const seen = new Set(drawn);
    const unseen = target.map((_, index) => index).filter((index) => !seen.has(index));
    const tree = grow(features, target, drawn, DEPTH, random);
    const before = error(tree, features, target, unseen, unseen, -1);
    features.forEach((_, feature) => {
      const after = error(tree, features, target, unseen, shuffled(unseen, random), feature);
      grown[feature] = (grown[feature] as number) + after - before;
    });
  }
  return grown.map((value) => Math.max(0, value));
}

/** Sum of squared errors; of one feature the values of other runs are taken. */
function error(tree: Tree, features: Columns, target: readonly number[], runs: readonly number[], others: readonly number[], feature: number): number {
  return runs.reduce((sum, run, place) => {
    const value = (column: number) => (features[column] as readonly number[])[column === feature ? (others[place] as number) : run] as number;
    return sum + ((target[run] as number) - predicted(tree, value)) ** 2;
  }, 0);
}

function predicted(tree: Tree, value: (feature: number) => number): number {
  let at = tree;
  while (typeof at !== "number") at = value(at.feature) <= at.at ? at.low : at.high;
  return at;
}

function grow(features: Columns, target: readonly number[], runs: readonly number[], depth: number, random: () => number): Tree {
  const mean = runs.reduce((sum, run) => sum + (target[run] as number), 0) / runs.length;
  if (depth === 0 || runs.length < 2 * LEAF) return mean;
  const split = bestSplit(features, target, runs, random);
  if (!split) return mean;
  const column = features[split.feature] as readonly number[];
  const side = (low: boolean) => runs.filter((run) => (column[run] as number) <= split.at === low);
  return {
    ...split,
    low: grow(features, target, side(true), depth - 1, random),
    high: grow(features, target, side(false), depth - 1, random),
  };
}

interface Split {
  feature: number;
  at: number;
}

/** The split that leaves the least variance, among about two thirds of the features. */
function bestSplit(features: Columns, target: readonly number[], runs: readonly number[], random: () => number): Split | null {
  let best: (Split & { gain: number }) | null = null;
  const total = runs.reduce((sum, run) => sum + (target[run] as number), 0);
  features.forEach((column, feature) => {
    if (features.length > 2 && random() > 2 / 3) return;
    const order = [...runs].sort((a, b) => (column[a] as number) - (column[b] as number));
    let low = 0;
    for (let count = 1; count < order.length; count += 1) {
      const [run, next] = [order[count - 1] as number, order[count] as number];
      low += target[run] as number;
      if (count < LEAF || order.length - count < LEAF || column[run] === column[next]) continue;
      const gain = low ** 2 / count + (total - low) ** 2 / (order.length - count) - total ** 2 / order.length;
      if (gain > 1e-9 && (!best || gain > best.gain)) best = { feature, at: ((column[run] as number) + (column[next] as number)) / 2, gain };
    }
  });
  return best;
}

function shuffled(items: readonly number[], random: () => number): number[] {
  const result = [...items];
  for (let at = result.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    [result[at], result[other]] = [result[other] as number, result[at] as number];
  }
  return result;
}

/** Numbers from 0 to 1, always the same ones for a seed: a linear congruential generator (Numerical Recipes, chapter 7.1). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
