// A drawing of many boxes painted on a canvas: only what is in sight, and only what can be made out at its scale.

import type { Size } from "../parts/hooks";
import { token } from "../state/theme";
import type { Camera } from "./camera";
import type { Drawing, PlacedBox, Point } from "./layout";

/** From these scales on names are written, and edges have heads. */
const [NAMES, HEADS] = [0.45, 0.3];
/** More edges in sight than this are faint, so that boxes stand out. */
const MANY_EDGES = 600;

interface Scene {
  drawing: Drawing;
  camera: Camera;
  size: Size;
  /** The place of the picked box, -1 for none. */
  picked: number;
}

/** The last of the boxes, which is the innermost, that a point of the pane is in; -1 for none. */
export function boxAt({ boxes }: Drawing, camera: Camera, pane: Point): number {
  const [x, y] = [(pane.x - camera.x) / camera.scale, (pane.y - camera.y) / camera.scale];
  return boxes.findLastIndex((box) => Math.abs(box.x - x) <= box.width / 2 && Math.abs(box.y - y) <= box.height / 2);
}

/** Whether a point of the pane is on the sign that opens or folds a box. */
export function isOnFold(box: PlacedBox, camera: Camera, pane: Point): boolean {
  const [x, y] = [(pane.x - camera.x) / camera.scale, (pane.y - camera.y) / camera.scale];
  return box.part.parts.length > 0 && x > box.x + box.width / 2 - 26 && y < box.y - box.height / 2 + 26;
}

/** @param context of a canvas with the size of the pane, in CSS pixels whatever the screen has. */
export function paintFlow(context: CanvasRenderingContext2D, scene: Scene): void {
  const { drawing, camera, size } = scene;
  const sight = { left: -camera.x / camera.scale, top: -camera.y / camera.scale, right: (size.width - camera.x) / camera.scale, bottom: (size.height - camera.y) / camera.scale };
  const boxes = drawing.boxes.filter(({ x, y, width, height }) => overlap(sight, x - width / 2, y - height / 2, x + width / 2, y + height / 2));
  const edges = drawing.edges.filter(({ points }) => {
    const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
    return overlap(sight, Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys));
  });
  context.clearRect(0, 0, size.width, size.height);
  context.save();
  context.translate(camera.x, camera.y);
  context.scale(camera.scale, camera.scale);
  paintBoxes(context, boxes.filter(({ open }) => open), camera.scale);
  paintEdges(context, edges, scene);
  paintBoxes(context, boxes.filter(({ open }) => !open), camera.scale);
  const picked = drawing.boxes[scene.picked];
  if (picked) frame(context, picked, token("--accent"), 2 / Math.min(1, camera.scale));
  context.restore();
}

interface Sight {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

function overlap(sight: Sight, left: number, top: number, right: number, bottom: number): boolean {
  return right >= sight.left && left <= sight.right && bottom >= sight.top && top <= sight.bottom;
}

function frame(context: CanvasRenderingContext2D, { x, y, width, height }: PlacedBox, color: string, line: number): void {
  context.strokeStyle = color;
  context.lineWidth = line;
  context.strokeRect(x - width / 2, y - height / 2, width, height);
}

function paintBoxes(context: CanvasRenderingContext2D, boxes: readonly PlacedBox[], scale: number): void {
  for (const [folds, fill] of [[false, "--surface"], [true, "--raised"]] as const) {
    context.beginPath();
    for (const { part, x, y, width, height } of boxes) {
      if (part.parts.length > 0 === folds) context.rect(x - width / 2, y - height / 2, width, height);
    }
    context.fillStyle = token(fill);
    context.strokeStyle = token(boxes[0]?.open ? "--line" : "--muted");
    context.lineWidth = 1 / Math.max(scale, 0.3);
    context.fill();
    context.stroke();
  }
  if (scale < NAMES) return;
  const family = getComputedStyle(context.canvas).fontFamily;
  const [strong, faint] = [token("--text"), token("--muted")];
  for (const box of boxes) write(context, box, { strong, faint, family });
}

function write(context: CanvasRenderingContext2D, box: PlacedBox, { strong, faint, family }: Record<"strong" | "faint" | "family", string>): void {
  const { part, open, lines } = box;
  const [left, top] = [box.x - box.width / 2, box.y - box.height / 2];
  context.fillStyle = strong;
  context.font = `600 12px ${family}`;
  context.fillText(lines[0], left + 12, top + 17);
  context.fillStyle = faint;
  context.font = `12px ${family}`;
  context.fillText(lines[1], left + (open ? 18 + 8 * lines[0].length : 12), top + (open ? 17 : 33));
  if (!part.parts.length) return;
  const [x, y] = [left + box.width - 22, top + 5];
  context.strokeStyle = strong;
  context.lineWidth = 1;
  context.strokeRect(x, y, 16, 16);
  context.beginPath();
  context.moveTo(x + 4, y + 8);
  context.lineTo(x + 12, y + 8);
  if (!open) {
    context.moveTo(x + 8, y + 4);
    context.lineTo(x + 8, y + 12);
  }
  context.stroke();
}

function paintEdges(context: CanvasRenderingContext2D, edges: Drawing["edges"], { camera: { scale }, picked }: Scene): void {
  const touched = edges.filter(({ from, to }) => from === picked || to === picked);
  context.globalAlpha = edges.length > MANY_EDGES ? 0.4 : 1;
  lines(context, edges, scale, token("--muted"), 1);
  context.globalAlpha = 1;
  lines(context, touched, scale, token("--accent"), 2);
}

function lines(context: CanvasRenderingContext2D, edges: Drawing["edges"], scale: number, color: string, width: number): void {
  context.strokeStyle = color;
  context.fillStyle = color;
  context.lineWidth = width / Math.max(scale, 0.3);
  context.beginPath();
  for (const { points } of edges) points.forEach(({ x, y }, at) => (at ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.stroke();
  if (scale < HEADS) return;
  context.beginPath();
  for (const { points } of edges) head(context, points[points.length - 2] as Point, points[points.length - 1] as Point);
  context.fill();
}

function head(context: CanvasRenderingContext2D, from: Point, to: Point): void {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const [x, y] = [(to.x - from.x) / length, (to.y - from.y) / length];
  context.moveTo(to.x, to.y);
  context.lineTo(to.x - 7 * x - 3.5 * y, to.y - 7 * y + 3.5 * x);
  context.lineTo(to.x - 7 * x + 3.5 * y, to.y - 7 * y - 3.5 * x);
  context.closePath();
}
