// Packs the series that charts want into few requests. A request is a cross product of runs and
// names, so series are put together only where the product asks for nothing else.

import type { SeriesRequest, XKind } from "../api/types";

export interface Want {
  run: number;
  name: string;
  x: XKind;
  lo: number | null;
  hi: number | null;
  buckets: number;
  /** The version already held, when only what came after it is wanted. */
  since: number | null;
}

/** So many series go into one request; a large answer would hold up the first chart. */
const LARGEST = 96;

export function pack(wants: readonly Want[]): SeriesRequest[] {
  const byName = group(wants, (want) => `${axis(want)}|${want.name}`);
  const sameRuns = group(byName, (list) => {
    const first = list[0] as Want;
    return `${axis(first)}|${list.map((want) => want.run).sort((a, b) => a - b)}`;
  });
  return sameRuns.flatMap(requests);
}

/** The series that a request asks for. */
export function keysOf({ runs, names, x, lo, hi, buckets }: SeriesRequest): Omit<Want, "since">[] {
  return runs.flatMap((run) => names.map((name) => ({ run, name, x, lo, hi, buckets })));
}

function axis(want: Want): string {
  return [want.x, want.lo, want.hi, want.buckets, want.since !== null].join("|");
}

function group<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const list = groups.get(key);
    if (list) list.push(item);
    else groups.set(key, [item]);
  }
  return [...groups.values()];
}

/** `names` holds one list a metric name, all of the same runs. */
function requests(names: Want[][]): SeriesRequest[] {
  const wants = names[0] as Want[];
  const { x, lo, hi, buckets } = wants[0] as Want;
  const answer: SeriesRequest[] = [];
  for (const runs of slices(wants, LARGEST)) {
    const width = Math.max(1, Math.floor(LARGEST / runs.length));
    for (const part of slices(names, width)) {
      answer.push({
        runs: runs.map((want) => want.run),
        names: part.map((list) => (list[0] as Want).name),
        x,
        lo,
        hi,
        buckets,
        since: sinceOf(part.flat()),
      });
    }
  }
  return answer;
}

/** The oldest version held of each run. */
function sinceOf(wants: readonly Want[]): Record<string, number> | null {
  const oldest: Record<string, number> = {};
  for (const { run, since } of wants) {
    if (since !== null) oldest[run] = Math.min(since, oldest[run] ?? since);
  }
  return Object.keys(oldest).length ? oldest : null;
}

function slices<T>(items: readonly T[], size: number): T[][] {
  const answer: T[][] = [];
  for (let at = 0; at < items.length; at += size) answer.push(items.slice(at, at + size));
  return answer;
}
