// Boxes and masks over an image, read from the annotations that were logged with it.

import type { FileRow } from "../api/types";

export interface Box {
  layer: string;
  label: string;
  caption: string;
  /** Left, top, width, height; in pixels of the image, or in fractions of it. */
  place: readonly [number, number, number, number];
  fraction: boolean;
  score: number | null;
}

export interface MaskLayer {
  layer: string;
  fileName: string;
  labels: Readonly<Record<string, string>>;
}

export interface Annotations {
  boxes: Box[];
  masks: MaskLayer[];
}

type Json = Record<string, unknown>;

function object(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

export function readAnnotations(file: FileRow): Annotations {
  const { boxes, masks } = object(file.annotations);
  return {
    boxes: Object.entries(object(boxes)).flatMap(([layer, entry]) => boxesOf(layer, object(entry))),
    masks: Object.entries(object(masks)).flatMap(([layer, entry]) => {
      const { fileName, class_labels } = object(entry);
      if (typeof fileName !== "string") return [];
      const labels = Object.entries(object(class_labels)).map(([id, label]) => [id, String(label)]);
      return [{ layer, fileName, labels: Object.fromEntries(labels) as Record<string, string> }];
    }),
  };
}

function boxesOf(layer: string, { box_data, class_labels }: Json): Box[] {
  const labels = object(class_labels);
  return (Array.isArray(box_data) ? box_data : []).flatMap((item) => {
    const box = object(item);
    const place = placeOf(object(box.position));
    if (!place) return [];
    const id = String(box.class_id ?? "");
    return [
      {
        layer,
        label: String(labels[id] ?? (id || layer)),
        caption: typeof box.box_caption === "string" ? box.box_caption : "",
        place,
        fraction: box.domain !== "pixel",
        score: firstNumber(object(box.scores)),
      },
    ];
  });
}

/** Two corners, or the middle with width and height. */
function placeOf({ minX, minY, maxX, maxY, middle, width, height }: Json): Box["place"] | null {
  if (Array.isArray(middle)) {
    const [x, y, w, h] = [...middle, width, height].map(Number) as [number, number, number, number];
    return finite([x - w / 2, y - h / 2, w, h]);
  }
  const [left, top, right, bottom] = [minX, minY, maxX, maxY].map(Number) as [number, number, number, number];
  return finite([left, top, right - left, bottom - top]);
}

function finite(place: Box["place"]): Box["place"] | null {
  return place.every(Number.isFinite) ? place : null;
}

function firstNumber(scores: Json): number | null {
  const found = Object.values(scores).find((value) => typeof value === "number");
  return found === undefined ? null : (found as number);
}

/**
 * What can be shown and hidden over some images: the classes of boxes and masks. One that several layers have, such
 * as truth and prediction, is a class of each of them.
 */
export function classesOf(files: readonly FileRow[]): string[] {
  const layers = new Map<string, Set<string>>();
  const add = (layer: string, label: string) => layers.set(label, (layers.get(label) ?? new Set()).add(layer));
  for (const { boxes, masks } of files.map(readAnnotations)) {
    for (const { layer, label } of boxes) add(layer, label);
    for (const { layer, labels } of masks) for (const label of Object.values(labels)) add(layer, label);
  }
  const names = [...layers].flatMap(([label, of]) => (of.size > 1 ? [...of].map((layer) => inLayer(layer, label)) : [label]));
  return names.sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
}

function inLayer(layer: string, label: string): string {
  return `${layer}: ${label}`;
}

/** What `classes` call a label of a layer. */
export function classOf(classes: readonly string[], layer: string, label: string): string {
  return classes.includes(label) ? label : inLayer(layer, label);
}

/** Colours that stand out from photographs and from each other; a class keeps its own. */
const COLORS = ["#e69f00", "#56b4e9", "#00c08b", "#f0e442", "#5c9eff", "#ff6f3c", "#e58ac2", "#c7c7c7"];

export function classColor(classes: readonly string[], label: string): string {
  return COLORS[Math.max(0, classes.indexOf(label)) % COLORS.length] as string;
}
