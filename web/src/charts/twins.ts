// Curves that lie on each other: they are drawn as stripes in turn, so that each stays visible.

import type { Line } from "./lines";

/** How far apart two curves may be and still look like one: this part of their extent. */
const TOLERANCE = 1e-3;

/** The lines again, each with its place among those that it cannot be told from. */
export function withTwins(lines: readonly Line[]): Line[] {
  const groups: Line[][] = [];
  for (const line of lines) {
    const group = groups.find(([first]) => first && areTwins(first, line));
    if (group) group.push(line);
    else groups.push([line]);
  }
  const places = new Map(groups.flatMap((group) => group.map((line, turn) => [line, { twins: group.length, turn }] as const)));
  return lines.map((line) => ({ ...line, ...places.get(line) }));
}

function areTwins(a: Line, b: Line): boolean {
  return isClose(a.drawn, b.drawn) && isClose(a.series.x, b.series.x);
}

function isClose(a: Float64Array, b: Float64Array): boolean {
  if (a.length !== b.length) return false;
  const limit = TOLERANCE * extent(a);
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
