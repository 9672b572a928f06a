// Curves that lie on each other: they are drawn as stripes in turn, so that each stays visible.

import type { Line } from "./lines";

/** How far apart two curves may be and still look like one: this part of their extent. */
const TOLERANCE = 1e-3;

/** The lines again, each with its place among those that it cannot be told from. */
export function withTwins(lines: readonly Line[]): Line[] {
  const groups: Group[] = [];
  for (const line of lines) {
    const group = groups.find((each) => areTwins(each, line));
    if (group) group.lines.push(line);
    else groups.push({ first: line, lines: [line], drawn: TOLERANCE * extent(line.drawn), x: TOLERANCE * extent(line.series.x) });
  }
  const places = new Map(groups.flatMap((group) => group.lines.map((line, turn) => [line, { twins: group.lines.length, turn }] as const)));
  return lines.map((line) => ({ ...line, ...places.get(line) }));
}

/** Lines like the first one, and how far from it one may be, in y and in x. */
interface Group {
  first: Line;
  lines: Line[];
  drawn: number;
  x: number;
}

function areTwins({ first, drawn, x }: Group, line: Line): boolean {
  return isClose(first.drawn, line.drawn, drawn) && isClose(first.series.x, line.series.x, x);
}

function isClose(a: Float64Array, b: Float64Array, limit: number): boolean {
  if (a.length !== b.length) return false;
  return a.every((value, i) => {
    const other = b[i] as number;
    return Object.is(value, other) || Math.abs(value - other) <= limit;
  });
}

function extent(values: Float64Array): number {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return Math.max(0, high - low);
}
