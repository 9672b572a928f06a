// Where boxes and edges stand: layered by dagre, which minds every edge, or where that would take seconds by our own; open boxes
// around what is in them.

import { Graph, layout } from "@dagrejs/dagre";
import { formatNumber } from "../format";
import { MOST, type Box, type Flow } from "./flow";
import { layered, type Size } from "./layers";

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
/** dagre's time grows with the square of the boxes and more: 100 take 0.2 s, 300 took up to 18 s. */
const MOST_BY_DAGRE = 100;
/** How far the edge of a box to itself goes out to its right. */
const LOOP = 18;
const SEPARATION = { nodesep: 24, edgesep: 16, ranksep: 36 };
/** Of an open box: the free stretch around what is in it, and that of its name on top. */
const MARGIN = 14;
const TITLE = 34;

/** Open boxes are laid out from the inside out, each as a graph of its own: fast, and a module is never torn apart. */
export function drawingOf(flow: Flow): Drawing {
  const levels = new Map<number | null, { inside: number[]; own: [number, number][] }>();
  const levelFor = (owner: number | null) => {
    const level = levels.get(owner) ?? { inside: [], own: [] };
    levels.set(owner, level);
    return level;
  };
  flow.boxes.forEach(({ owner }, at) => levelFor(owner).inside.push(at));
  for (const edge of flow.edges) levelFor(flow.boxes[edge[0]]?.owner ?? null).own.push(edge);
  const boxes = flow.boxes.map((box) => ({ ...box, lines: linesOf(box), x: 0, y: 0, ...sizeOf(linesOf(box), box.open) }));
  const edges: Drawing["edges"] = [];
  const settle = (owner: number | null): Size => {
    const { inside, own } = levelFor(owner);
    for (const at of inside) {
      const box = boxes[at] as PlacedBox;
      if (!box.open) continue;
      const { width, height } = settle(at);
      box.width = Math.max(box.width, width + 2 * MARGIN);
      box.height = height + TITLE + MARGIN;
    }
    const level = levelOf(inside, boxes, own);
    edges.push(...level.edges);
    return level;
  };
  const { width, height } = settle(null);
  moveInto(boxes, edges);
  return { boxes, edges, width, height };
}

/** An open box has its name and type in one line, beside the button that folds it. */
function sizeOf([name, type]: readonly [string, string], open: boolean): Size {
  const letters = open ? name.length + type.length + 4 : Math.max(name.length + 2, type.length);
  return { width: 26 + LETTER * letters, height: HEIGHT };
}

type Level = Size & Pick<Drawing, "edges">;

/** Places the boxes of one box, and their edges, from its upper left corner on. */
function levelOf(inside: readonly number[], boxes: PlacedBox[], own: readonly [number, number][]): Level {
  const loops = new Set(own.flatMap(([from, to]) => (from === to ? [from] : [])));
  const between = own.filter(([from, to]) => from !== to);
  // The room of a loop is one on both sides: boxes are placed by their middle.
  const room = (at: number): Size => {
    const { width, height } = boxes[at] as PlacedBox;
    return { width: width + (loops.has(at) ? 2 * LOOP : 0), height };
  };
  const many = boxes.length > MOST || inside.length > MOST_BY_DAGRE || between.length > 3 * MOST_BY_DAGRE;
  const level = (many ? byLayers : byDagre)(inside, boxes, between, room);
  const looping = [...loops].map((at) => ({ from: at, to: at, points: loopOf(boxes[at] as PlacedBox) }));
  return { ...level, edges: [...level.edges, ...looping] };
}

type Placing = (inside: readonly number[], boxes: PlacedBox[], own: readonly [number, number][], room: (at: number) => Size) => Level;

const byDagre: Placing = (inside, boxes, own, room) => {
  const graph = new Graph();
  graph.setGraph({ rankdir: "TB", ...SEPARATION });
  // Numbers, not names, for ids: a name may be anything, even "__proto__".
  for (const at of inside) graph.setNode(String(at), room(at));
  for (const [from, to] of own) graph.setEdge(String(from), String(to), {});
  layout(graph);
  for (const at of inside) {
    const { x, y } = graph.node(String(at)) as Point;
    Object.assign(boxes[at] as PlacedBox, { x, y });
  }
  const { width = 0, height = 0 } = graph.graph() as Partial<Size>;
  const edges = own.map(([from, to]) => ({ from, to, points: (graph.edge(String(from), String(to)) as { points: Point[] }).points }));
  return { width, height, edges };
};

const byLayers: Placing = (inside, boxes, own, room) => {
  const place = new Map(inside.map((at, index) => [at, index]));
  const edges = own.map(([from, to]) => [place.get(from) as number, place.get(to) as number] as const);
  const { places, width, height } = layered(inside.map(room), edges);
  inside.forEach((at, index) => Object.assign(boxes[at] as PlacedBox, places[index]));
  return { width, height, edges: own.map(([from, to]) => ({ from, to, points: straight(boxes[from] as PlacedBox, boxes[to] as PlacedBox) })) };
};

/** From the lower edge of one box to the upper edge of another; to one that is not below it, around its right side. */
function straight(from: PlacedBox, to: PlacedBox): Point[] {
  const start = { x: from.x, y: from.y + from.height / 2 };
  const end = { x: to.x, y: to.y - to.height / 2 };
  if (end.y > start.y) return [start, end];
  const side = Math.max(from.x + from.width / 2, to.x + to.width / 2) + LOOP;
  const onRight = (box: PlacedBox) => ({ x: box.x + box.width / 2, y: box.y });
  return [onRight(from), { x: side, y: from.y }, { x: side, y: to.y }, onRight(to)];
}

function loopOf({ x, y, width, height }: PlacedBox): Point[] {
  const [side, up] = [x + width / 2, Math.min(10, height / 4)];
  return [
    { x: side, y: y - up },
    { x: side + LOOP, y: y - up },
    { x: side + LOOP, y: y + up },
    { x: side, y: y + up },
  ];
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
