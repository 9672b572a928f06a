// A layered layout for hundreds and thousands of boxes, in milliseconds where dagre takes minutes: no edge gets points of its own.
// Rows by the longest way from a source, order by the mean place of neighbours (Sugiyama, Tagawa and Toda 1981), long rows broken.

export interface Size {
  width: number;
  height: number;
}

export interface Layered extends Size {
  /** The middle of each box. */
  places: { x: number; y: number }[];
}

const [BETWEEN, BELOW] = [24, 48]; // pixels between boxes of a row, and between rows
const SWEEPS = 6;

/** Numbers of the boxes that each leads to, and those that lead to it. */
interface Neighbours {
  out: number[][];
  into: number[][];
}

/** @param edges pairs of places in `sizes`; an edge of a box to itself is left out of all this. */
export function layered(sizes: readonly Size[], edges: readonly (readonly [number, number])[]): Layered {
  const forward = withoutCircles(sizes.length, edges);
  const ranks = ranksOf(forward);
  const order = ordered(ranks, forward);
  const widest = Math.max(6, Math.ceil(Math.sqrt(sizes.length)));
  const rows = order.flatMap((rank) => Array.from({ length: Math.ceil(rank.length / widest) }, (_, at) => rank.slice(at * widest, (at + 1) * widest)));
  const xs = across(rows, sizes, forward);
  return standing(rows, xs, sizes);
}

/** The neighbours along all edges but those that close a circle. */
function withoutCircles(count: number, edges: readonly (readonly [number, number])[]): Neighbours {
  const all: number[][] = Array.from({ length: count }, () => []);
  for (const [from, to] of edges) if (from !== to) (all[from] as number[]).push(to);
  const kept: Neighbours = { out: Array.from({ length: count }, () => []), into: Array.from({ length: count }, () => []) };
  const state = new Uint8Array(count); // 1 on the way, 2 done
  const next = new Uint32Array(count);
  for (let start = 0; start < count; start += 1) {
    const way = state[start] ? [] : [start];
    while (way.length) {
      const at = way[way.length - 1] as number;
      state[at] = 1;
      const to = (all[at] as number[])[next[at] as number];
      next[at] = (next[at] as number) + 1;
      if (to === undefined) {
        state[at] = 2;
        way.pop();
      } else if (state[to] !== 1) {
        (kept.out[at] as number[]).push(to);
        (kept.into[to] as number[]).push(at);
        if (!state[to]) way.push(to);
      }
    }
  }
  return kept;
}

/** The boxes of each rank, by the longest way to them; those without any edge come last. */
function ranksOf({ out, into }: Neighbours): number[][] {
  const missing = into.map((list) => list.length);
  const rank = new Int32Array(out.length);
  const ready = missing.flatMap((count, at) => (count === 0 ? [at] : []));
  for (const at of ready) {
    for (const to of out[at] as number[]) {
      rank[to] = Math.max(rank[to] as number, (rank[at] as number) + 1);
      missing[to] = (missing[to] as number) - 1;
      if (missing[to] === 0) ready.push(to);
    }
  }
  const ranks: number[][] = [];
  const alone: number[] = [];
  out.forEach((list, at) => {
    if (!list.length && !into[at]?.length) return alone.push(at);
    // A source stands right over the first that it feeds, not at the top of all.
    const own = into[at]?.length ? (rank[at] as number) : Math.min(...list.map((to) => rank[to] as number)) - 1;
    return (ranks[own] ??= []).push(at);
  });
  return [...ranks.filter(Boolean), ...(alone.length ? [alone] : [])];
}

/** Each rank in the order of the mean places of its neighbours, looked at from above and from below in turn. */
function ordered(ranks: readonly number[][], { out, into }: Neighbours): number[][] {
  const place = new Float64Array(out.length);
  const settle = (rank: readonly number[]) => rank.forEach((at, index) => (place[at] = (index + 0.5) / rank.length));
  const lists = ranks.map((rank) => [...rank]);
  lists.forEach(settle);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const towards = sweep % 2 ? out : into;
    for (const rank of sweep % 2 ? [...lists].reverse() : lists) {
      const wanted = new Map(rank.map((at) => [at, mean(towards[at] as number[], place, place[at] as number)]));
      rank.sort((a, b) => (wanted.get(a) as number) - (wanted.get(b) as number));
      settle(rank);
    }
  }
  return lists;
}

function mean(list: readonly number[], values: Float64Array, otherwise: number): number {
  return list.length ? list.reduce((sum, at) => sum + (values[at] as number), 0) / list.length : otherwise;
}

/** Where each box stands across: as near to the middle of its neighbours as its row lets it. */
function across(rows: readonly number[][], sizes: readonly Size[], { out, into }: Neighbours): Float64Array {
  const xs = new Float64Array(sizes.length);
  const half = (at: number) => (sizes[at]?.width ?? 0) / 2;
  const settle = (row: readonly number[], wanted: readonly number[]) => {
    let edge = -Infinity;
    row.forEach((at, index) => {
      xs[at] = Math.max(wanted[index] as number, edge + half(at));
      edge = (xs[at] as number) + half(at) + BETWEEN;
    });
    const by = row.reduce((sum, at, index) => sum + (wanted[index] as number) - (xs[at] as number), 0) / row.length;
    for (const at of row) xs[at] = (xs[at] as number) + by;
  };
  for (const row of rows) settle(row, row.map(() => 0));
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const towards = sweep % 2 ? out : into;
    for (const row of sweep % 2 ? [...rows].reverse() : rows) settle(row, row.map((at) => mean(towards[at] as number[], xs, xs[at] as number)));
  }
  return xs;
}

function standing(rows: readonly number[][], xs: Float64Array, sizes: readonly Size[]): Layered {
  const places = sizes.map(() => ({ x: 0, y: 0 }));
  const left = Math.min(0, ...rows.flatMap((row) => row.map((at) => (xs[at] as number) - (sizes[at]?.width ?? 0) / 2)));
  let top = 0;
  let width = 0;
  for (const row of rows) {
    const height = Math.max(...row.map((at) => sizes[at]?.height ?? 0));
    for (const at of row) {
      const x = (xs[at] as number) - left;
      places[at] = { x, y: top + height / 2 };
      width = Math.max(width, x + (sizes[at]?.width ?? 0) / 2);
    }
    top += height + BELOW;
  }
  return { places, width, height: Math.max(0, top - BELOW) };
}
