// What is drawn of a model: the parts in sight, one box each, and the edges between them.

import type { Part } from "./tree";

export interface Box {
  part: Part;
  /** The open box that it stands in: its place in the list of boxes. */
  owner: number | null;
  /** Whether its parts are drawn inside of it. */
  open: boolean;
}

export interface Flow {
  boxes: Box[];
  /** From which box to which, by their places in the list; no pair stands twice. */
  edges: [number, number][];
}

/** Up to so many boxes are elements of the page, which keys reach; more are painted. */
export const MOST = 300;
/** More boxes than this are not drawn at once. */
export const MOST_PAINTED = 5000;
/** A graph begins with about as many boxes as can be read without a search. */
export const FEW = 24;

/** All parts of a model, the model itself included. */
export function allParts(roots: readonly Part[]): Part[] {
  return roots.flatMap((root) => [root, ...allParts(root.parts)]);
}

/** The paths to open, from the outside in, so that at most `limit` boxes are drawn. */
export function openedUpTo(roots: readonly Part[], limit: number): Set<string> {
  const opened = new Set<string>();
  const waiting = [...roots];
  let count = roots.length;
  for (const part of waiting) {
    if (!part.parts.length || count + part.parts.length > limit) continue;
    count += part.parts.length;
    opened.add(part.path);
    waiting.push(...part.parts);
  }
  return opened;
}

/** The paths to open so that the part of a path is drawn: those around it. */
export function openedFor(roots: readonly Part[], path: string): string[] {
  for (const root of roots) {
    if (root.path === path) return [];
    const within = openedFor(root.parts, path);
    if (within.length || root.parts.some((part) => part.path === path)) return [root.path, ...within];
  }
  return [];
}

/**
 * The boxes and edges in sight. An edge joins two boxes of one box: what is drawn of an edge between parts deep within two
 * modules is that the one module feeds the other. Without `recorded` edges each box leads to the next.
 */
export function flowOf(roots: readonly Part[], opened: ReadonlySet<string>, recorded: boolean): Flow {
  const boxes: Box[] = [];
  const boxOf = new Map<string, number>();
  const place = (part: Part, owner: number | null) => {
    const own = boxes.length;
    const open = part.parts.length > 0 && opened.has(part.path);
    boxes.push({ part, owner, open });
    for (const inner of open ? [part] : allParts([part])) boxOf.set(inner.path, own);
    if (open) part.parts.forEach((inner) => place(inner, own));
  };
  roots.forEach((root) => place(root, null));
  return { boxes, edges: recorded ? recordedEdges(roots, boxes, boxOf) : sequence(boxes) };
}

function recordedEdges(roots: readonly Part[], boxes: readonly Box[], boxOf: ReadonlyMap<string, number>): [number, number][] {
  const edges = new Map<string, [number, number]>();
  for (const part of allParts(roots)) {
    for (const source of part.sources) {
      const from = boxOf.get(source);
      const to = boxOf.get(part.path);
      if (from === undefined || to === undefined) continue;
      const edge = source === part.path ? itself(to, part, boxes) : neighbours(around(from, boxes), around(to, boxes));
      if (edge) edges.set(edge.join(" "), edge);
    }
  }
  return [...edges.values()];
}

/** The edge of a part to itself, if the part has a box of its own. */
function itself(at: number, part: Part, boxes: readonly Box[]): [number, number] | null {
  return boxes[at]?.part === part ? [at, at] : null;
}

/** A box after all those that it stands in, the outermost first. */
function around(at: number, boxes: readonly Box[]): number[] {
  const owner = boxes[at]?.owner ?? null;
  return owner === null ? [at] : [...around(owner, boxes), at];
}

/** The first two that differ; none where one stands in the other. */
function neighbours(from: readonly number[], to: readonly number[]): [number, number] | null {
  const at = from.findIndex((box, place) => box !== to[place]);
  const [left, right] = [from[at], to[at]];
  return left === undefined || right === undefined ? null : [left, right];
}

function sequence(boxes: readonly Box[]): [number, number][] {
  const last = new Map<number | null, number>();
  return boxes.flatMap(({ owner }, at) => {
    const before = last.get(owner);
    last.set(owner, at);
    return before === undefined ? [] : [[before, at] as [number, number]];
  });
}
