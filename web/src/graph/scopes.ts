// The nodes of a large graph in scopes: what their names share before a slash, a dot or two colons folds into one box.

import type { Part } from "./tree";

const BETWEEN = /\/|\.|::/;

/** The same nodes, each in the scope of its name; a node whose name is that of a scope holds the others. */
export function scopesOf(nodes: readonly Part[]): Part[] {
  const known = new Map<string, Part>(nodes.map((node) => [node.path, { ...node, parts: [] }]));
  const roots: Part[] = [];
  const placed = new Set<Part>();
  const place = (part: Part): void => {
    if (placed.has(part)) return;
    placed.add(part);
    const end = lastBreak(part.path);
    if (end === null) {
      roots.push(part);
      return;
    }
    const path = part.path.slice(0, end.from);
    const owner = known.get(path) ?? scope(path);
    known.set(path, owner);
    part.name = part.path.slice(end.to);
    owner.parts.push(part);
    place(owner);
  };
  for (const node of [...known.values()]) place(node);
  return roots.map(shortened);
}

/** Where the last piece of a name begins, and where what is before it ends; null for a name of one piece. */
function lastBreak(path: string): { from: number; to: number } | null {
  let found: { from: number; to: number } | null = null;
  for (const match of path.matchAll(new RegExp(BETWEEN, "g"))) {
    const to = match.index + match[0].length;
    if (match.index > 0 && to < path.length) found = { from: match.index, to };
  }
  return found;
}

function scope(path: string): Part {
  return { path, name: path, type: "", shapes: [], parameters: 0, order: null, inputs: [], sources: [], parts: [], facts: [] };
}

/** A scope of one scope is one box with both names. */
function shortened(part: Part): Part {
  const parts = part.parts.map(shortened);
  const [only] = parts;
  const bare = !part.type && !part.sources.length && !part.facts.length;
  if (bare && parts.length === 1 && only && only.parts.length) return { ...only, name: `${part.name}/${only.name}` };
  return { ...part, parts };
}
