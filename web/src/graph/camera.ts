// What of a drawing is in sight: moved by drags, wheel and arrow keys, nearer and farther about a point.

import type { Size } from "../parts/hooks";
import type { Point } from "./layout";

/** A point of the drawing stands at `scale` times its place, plus `x` and `y` pixels. */
export interface Camera extends Point {
  scale: number;
}

const SMALLEST = 0.04;
const LARGEST = 3;
/** One of very many boxes may begin with more of them, where it is wide: what is where, not what each says. */
const OVERVIEW = 0.3;
/** A drawing begins no smaller than its text can be read. */
const READABLE = 0.9;
const EDGE = 16; // pixels that stay free at the edges of the pane

/** All of the drawing, or its upper part where all would be smaller than `least`. */
export function fitted(drawing: Size, pane: Size, least = READABLE): Camera {
  const whole = Math.min((pane.width - 2 * EDGE) / drawing.width, (pane.height - 2 * EDGE) / drawing.height, 1);
  const scale = limited(Math.max(whole, least));
  const x = (pane.width - drawing.width * scale) / 2;
  return { scale, x, y: Math.max(EDGE, (pane.height - drawing.height * scale) / 2) };
}

/** Its upper part in all its width, if that does not make it too small. */
export function overview(drawing: Size, pane: Size): Camera {
  return fitted(drawing, pane, Math.max(OVERVIEW, Math.min(READABLE, (pane.width - 2 * EDGE) / drawing.width)));
}

/** Nearer by a factor, the point of the pane staying where it is. */
export function nearer(camera: Camera, factor: number, about: Point): Camera {
  const scale = limited(camera.scale * factor);
  const by = scale / camera.scale;
  return { scale, x: about.x - (about.x - camera.x) * by, y: about.y - (about.y - camera.y) * by };
}

export function moved(camera: Camera, x: number, y: number): Camera {
  return { ...camera, x: camera.x + x, y: camera.y + y };
}

/** The same, or moved so that a point of the drawing is in the middle of the pane if it was out of sight. */
export function showing(camera: Camera, { x, y }: Point, pane: Size): Camera {
  const at = { x: x * camera.scale + camera.x, y: y * camera.scale + camera.y };
  if (at.x > EDGE && at.y > EDGE && at.x < pane.width - EDGE && at.y < pane.height - EDGE) return camera;
  return moved(camera, pane.width / 2 - at.x, pane.height / 2 - at.y);
}

/** A point of the drawing in the middle of the pane, no smaller than text can be read. */
export function centred(camera: Camera, { x, y }: Point, pane: Size): Camera {
  const scale = Math.max(camera.scale, READABLE);
  return { scale, x: pane.width / 2 - x * scale, y: pane.height / 2 - y * scale };
}

/** Moved so that what was drawn at one place is seen there when it is drawn at another. */
export function following(camera: Camera, from: Point, to: Point): Camera {
  return moved(camera, (from.x - to.x) * camera.scale, (from.y - to.y) * camera.scale);
}

function limited(scale: number): number {
  return Math.min(LARGEST, Math.max(SMALLEST, scale));
}
