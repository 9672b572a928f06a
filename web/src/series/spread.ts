// The series of several runs as one: their mean at every x, and how far they are apart.

import type { Series } from "../api/types";

export interface Spread {
  /** `min` and `max` are one standard deviation below and above the mean. */
  series: Series;
  /** How many runs there are at each x. */
  counts: Float64Array;
}

/** More x than this are thinned: a chart is not wider. */
const MOST = 2400;

/** Mean ± standard deviation of runs; between its points a run goes straight, beyond its ends it is not counted. */
export function spreadOf(members: readonly Series[], id: number): Spread {
  const x = commonX(members);
  const sums = new Float64Array(x.length);
  const squares = new Float64Array(x.length);
  const counts = new Float64Array(x.length);
  const flags = new Float64Array(x.length);
  const shift = firstFinite(members);
  for (const member of members) {
    eachAt(member, x, (index, value, flag) => {
      flags[index] = (flags[index] as number) | flag;
      if (!Number.isFinite(value)) return;
      const off = value - shift;
      sums[index] = (sums[index] as number) + off;
      squares[index] = (squares[index] as number) + off * off;
      counts[index] = (counts[index] as number) + 1;
    });
  }
  const mean = sums.map((sum, index) => shift + sum / (counts[index] as number));
  const deviation = sums.map((sum, index) => deviationOf(sum, squares[index] as number, counts[index] as number));
  const series: Series = {
    run: id,
    name: members[0]?.name ?? "",
    version: Math.max(-1, ...members.map((member) => member.version)),
    downsampled: true,
    x,
    mean,
    min: mean.map((value, index) => value - (deviation[index] as number)),
    max: mean.map((value, index) => value + (deviation[index] as number)),
    flags,
  };
  return { series, counts };
}

/** Sample standard deviation; 0 for a single run. */
function deviationOf(sum: number, squares: number, count: number): number {
  if (count < 2) return 0;
  return Math.sqrt(Math.max(0, (squares - (sum * sum) / count) / (count - 1)));
}

/** Sums of values far from zero would lose their last digits, and the deviation with them. */
function firstFinite(members: readonly Series[]): number {
  for (const { mean } of members) {
    const found = mean.find(Number.isFinite);
    if (found !== undefined) return found;
  }
  return 0;
}

function commonX(members: readonly Series[]): Float64Array {
  const size = members.reduce((sum, member) => sum + member.x.length, 0);
  const all = new Float64Array(size);
  let at = 0;
  for (const { x } of members) {
    all.set(x, at);
    at += x.length;
  }
  all.sort();
  const different = all.filter((value, index) => index === 0 || value !== all[index - 1]);
  const stride = Math.ceil(different.length / MOST);
  if (stride <= 1) return different;
  return different.filter((_, index) => index % stride === 0 || index === different.length - 1);
}

/** Tells the member's value at each x that lies within its own; flags come with the exact points. */
function eachAt(member: Series, x: Float64Array, tell: (index: number, value: number, flag: number) => void): void {
  const last = member.x.length - 1;
  let at = 0;
  for (let index = 0; index < x.length; index += 1) {
    const wanted = x[index] as number;
    if (last < 0 || wanted < (member.x[0] as number) || wanted > (member.x[last] as number)) continue;
    while (at < last && (member.x[at + 1] as number) <= wanted) at += 1;
    const exact = member.x[at] === wanted;
    tell(index, exact ? (member.mean[at] as number) : between(member, at, wanted), exact ? (member.flags[at] as number) : 0);
  }
}

function between({ x, mean }: Series, at: number, wanted: number): number {
  const [left, right] = [x[at] as number, x[at + 1] as number];
  const share = (wanted - left) / (right - left);
  return (mean[at] as number) * (1 - share) + (mean[at + 1] as number) * share;
}
