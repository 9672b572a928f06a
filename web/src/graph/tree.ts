// A model's graph as the tree of its parts: names with dots are parts of parts.

export interface Part {
  /** Its full name, such as `encoder.layers.0`. */
  path: string;
  /** The last piece of the name. */
  name: string;
  type: string;
  /** Names and shapes of the parameters that it holds itself. */
  shapes: [string, number[]][];
  /** Its own parameters and those of its parts. */
  parameters: number;
  order: number | null;
  inputs: string[];
  /** Names of the parts that its inputs come from. */
  sources: string[];
  parts: Part[];
  /** What else is known of it, as a person reads it. */
  facts: [name: string, value: string][];
}

export type Json = Record<string, unknown>;

export function object(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

/** The roots of the tree; null where the graph has no nodes. */
export function readGraph(graph: unknown): Part[] | null {
  const nodes = object(object(graph).nodes);
  const names = Object.keys(nodes);
  if (!names.length) return null;
  const byId = new Map(names.map((name) => [String(object(nodes[name]).node_id), name]));
  const parts = new Map(names.map((name) => [name, partOf(name, object(nodes[name]), byId)]));
  const roots: Part[] = [];
  const model = names.find((name) => object(nodes[name]).depth === 0);
  for (const [name, part] of parts) {
    const owner = ownerOf(name, parts) ?? (name === model || model === undefined ? null : parts.get(model));
    if (owner && owner !== part) owner.parts.push(part);
    else roots.push(part);
  }
  roots.forEach(settle);
  return roots;
}

function partOf(path: string, node: Json, byId: ReadonlyMap<string, string>): Part {
  const edges = Array.isArray(node.edges) ? node.edges.filter(Array.isArray) : [];
  const shapes = Object.entries(object(node.params)).map(([key, shape]) => [key, numbers(shape)] as [string, number[]]);
  return {
    path,
    name: path.slice(path.lastIndexOf(".") + 1),
    type: String(node.type ?? ""),
    shapes,
    parameters: shapes.reduce((sum, [, shape]) => sum + shape.reduce((a, b) => a * b, 1), 0),
    order: typeof node.order === "number" ? node.order : null,
    inputs: [...(Array.isArray(node.args) ? node.args : []), ...Object.values(object(node.kwargs))].map(described),
    sources: edges.map(([from]) => byId.get(String(from)) ?? "").filter(Boolean),
    parts: [],
    facts: [],
  };
}

function numbers(shape: unknown): number[] {
  return Array.isArray(shape) ? shape.map(Number).filter(Number.isFinite) : [];
}

/** A tensor by its shape, anything else as it was written. */
function described(value: unknown): string {
  if (Array.isArray(value)) return shapeText(value.map(Number));
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

export function shapeText(shape: readonly number[]): string {
  return shape.length ? shape.join("×") : "scalar";
}

/** The part with the longest name that this name begins with. */
function ownerOf(path: string, parts: ReadonlyMap<string, Part>): Part | undefined {
  for (let end = path.lastIndexOf("."); end > 0; end = path.lastIndexOf(".", end - 1)) {
    const owner = parts.get(path.slice(0, end));
    if (owner) return owner;
  }
  return undefined;
}

/** Sums up the parameters; parts that were called stand in the order of their calls. */
function settle(part: Part): number {
  for (const inner of part.parts) part.parameters += settle(inner);
  const first = new Map(part.parts.map((inner, place) => [inner, [firstCall(inner), place] as const]));
  const rank = (inner: Part) => first.get(inner) as readonly [number, number];
  part.parts.sort((a, b) => rank(a)[0] - rank(b)[0] || rank(a)[1] - rank(b)[1]);
  return part.parameters;
}

function firstCall(part: Part): number {
  // What feeds the model comes before everything that is called.
  if (part.type === "Input") return -1;
  return part.parts.reduce((least, inner) => Math.min(least, firstCall(inner)), part.order ?? Infinity);
}

/** The parts that match and those that they are parts of; all of them without a search. */
export function matching(part: Part, matches: (text: string) => boolean): Part | null {
  if (matches(`${part.path} ${part.type}`)) return part;
  const parts = part.parts.map((inner) => matching(inner, matches)).filter((inner) => inner !== null);
  return parts.length ? { ...part, parts } : null;
}
