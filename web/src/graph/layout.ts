// Where boxes and edges stand: the layered layout of dagre, open boxes around what is in them.

import { Graph, layout } from "@dagrejs/dagre";
import { formatNumber } from "../format";
import type { Box, Flow } from "./flow";

export interface Point {
  x: number;
  y: number;
}

/** A box with its middle and size, in pixels at a scale of 1. */
export interface PlacedBox extends Box, Point {
  width: number;
  height: number;
  /** What stands in it: the name, and below it the type. */
  lines: [string, string];
}

export interface Drawing {
  boxes: PlacedBox[];
  edges: { from: number; to: number; points: Point[] }[];
  width: number;
  height: number;
}

const HEIGHT = 42;
const LETTER = 7; // a letter of the font is at most about as wide, in pixels
const LONGEST = 28; // letters
const SEPARATION = { nodesep: 24, edgesep: 16, ranksep: 36 };
/** Of an open box: the free stretch around what is in it, and that of its name on top. */
const MARGIN = 14;
const TITLE = 34;

/** Open boxes are laid out from the inside out, each as a graph of its own: fast, and a module is never torn apart. */
export function drawingOf(flow: Flow): Drawing {
  const levels = new Map<number | null, number[]>();
  flow.boxes.forEach(({ owner }, at) => levels.set(owner, [...(levels.get(owner) ?? []), at]));
  const boxes = flow.boxes.map((box) => ({ ...box, lines: linesOf(box), x: 0, y: 0, ...sizeOf(linesOf(box), box.open) }));
  const edges: Drawing["edges"] = [];
  const settle = (owner: number | null): Size => {
    const inside = levels.get(owner) ?? [];
    for (const at of inside) {
      const box = boxes[at] as PlacedBox;
      if (!box.open) continue;
      const { width, height } = settle(at);
      box.width = Math.max(box.width, width + 2 * MARGIN);
      box.height = height + TITLE + MARGIN;
    }
    const own = flow.edges.filter(([from]) => flow.boxes[from]?.owner === owner);
    const level = levelOf(inside, boxes, own);
    edges.push(...level.edges);
    return level;
  };
  const { width, height } = settle(null);
  moveInto(boxes, edges);
  return { boxes, edges, width, height };
}

interface Size {
  width: number;
  height: number;
}

/** An open box has its name and type in one line, beside the button that folds it. */
function sizeOf([name, type]: readonly [string, string], open: boolean): Size {
  const letters = open ? name.length + type.length + 4 : Math.max(name.length + 2, type.length);
  return { width: 26 + LETTER * letters, height: HEIGHT };
}

/** Places the boxes of one box, and their edges, from its upper left corner on. */
function levelOf(inside: readonly number[], boxes: PlacedBox[], own: readonly [number, number][]): Size & Pick<Drawing, "edges"> {
  const graph = new Graph();
  graph.setGraph({ rankdir: "TB", ...SEPARATION });
  for (const at of inside) {
    const { width, height } = boxes[at] as PlacedBox;
    // Numbers, not names, for ids: a name may be anything, even "__proto__".
    graph.setNode(String(at), { width, height });
  }
  for (const [from, to] of own) graph.setEdge(String(from), String(to), {});
  layout(graph);
  for (const at of inside) {
    const { x, y } = graph.node(String(at)) as Point;
    Object.assign(boxes[at] as PlacedBox, { x, y });
  }
  const { width = 0, height = 0 } = graph.graph() as Partial<Size>;
  const edges = own.map(([from, to]) => ({ from, to, points: (graph.edge(String(from), String(to)) as { points: Point[] }).points }));
  return { width, height, edges };
}

/** Turns places within the box around into places in the drawing: a box comes after the one that it stands in. */
function moveInto(boxes: PlacedBox[], edges: Drawing["edges"]): void {
  const corner = (owner: number | null): Point => {
    const around = owner === null ? undefined : boxes[owner];
    return around ? { x: around.x - around.width / 2 + MARGIN, y: around.y - around.height / 2 + TITLE } : { x: 0, y: 0 };
  };
  const move = (point: Point, by: Point): Point => ({ x: point.x + by.x, y: point.y + by.y });
  for (const box of boxes) Object.assign(box, move(box, corner(box.owner)));
  for (const edge of edges) {
    const by = corner(boxes[edge.from]?.owner ?? null);
    edge.points = edge.points.map((point) => move(point, by));
  }
}

function linesOf({ part }: Box): [string, string] {
  const { name, type, parts, parameters } = part;
  const more = parts.length ? `${parts.length} ${parts.length === 1 ? "part" : "parts"}` : parameters ? formatNumber(parameters, 3) : "";
  return [short(name), short([type === name ? "" : type, more].filter(Boolean).join(" · "))];
}

function short(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}

/** The middle of a box's name: that of an open box may be far from its middle. */
export function topOf({ x, y, width, height }: PlacedBox): Point {
  return { x: x - width / 2 + Math.min(width, 120) / 2, y: y - height / 2 + HEIGHT / 2 };
}

/** An edge as a path of SVG, its corners rounded. */
export function pathOf(points: readonly Point[]): string {
  const [first, ...rest] = points.map(({ x, y }) => [round(x), round(y)] as const);
  if (!first) return "";
  const pieces = rest.map(([x, y], at) => {
    const next = rest[at + 1];
    if (!next) return `L${x} ${y}`;
    return `Q${x} ${y} ${round((x + next[0]) / 2)} ${round((y + next[1]) / 2)}`;
  });
  return `M${first.join(" ")}${pieces.join("")}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
