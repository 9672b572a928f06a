// An image with its boxes and masks drawn over it.

import { useEffect, useRef, useState } from "preact/hooks";
import type { FileRow } from "../api/types";
import { formatNumber } from "../format";
import { sharpen } from "../run/Preview";
import { classColor, classOf, readAnnotations, type Box, type MaskLayer } from "./annotations";

export interface Overlay {
  classes: readonly string[];
  hidden: ReadonlySet<string>;
  /** The masks that were logged beside the images. */
  masks: readonly FileRow[];
}

interface Size {
  width: number;
  height: number;
}

export function Annotated({ file, overlay }: { file: FileRow; overlay: Overlay }) {
  const [size, setSize] = useState<Size | null>(null);
  const { boxes, masks } = readAnnotations(file);
  const onLoad = (event: Event) => {
    const { naturalWidth: width, naturalHeight: height } = event.currentTarget as HTMLImageElement;
    sharpen(event);
    setSize({ width, height });
  };
  const title = file.caption ?? `${file.name} at step ${file.step}`;
  return (
    <span class="annotated" data-annotated={boxes.length + masks.length}>
      <img src={file.url} alt={title} loading="lazy" onLoad={onLoad} />
      {size && masks.map((mask) => <Mask key={mask.layer} mask={mask} file={file} overlay={overlay} />)}
      {size && boxes.length > 0 && <Boxes boxes={boxes} size={size} overlay={overlay} />}
    </span>
  );
}

function Boxes({ boxes, size, overlay }: { boxes: readonly Box[]; size: Size; overlay: Overlay }) {
  const letter = Math.max(size.width, size.height) / 22;
  return (
    <svg class="laid-over" viewBox={`0 0 ${size.width} ${size.height}`} preserveAspectRatio="xMidYMid meet" aria-hidden="true">
      {boxes
        .map((box) => ({ box, name: classOf(overlay.classes, box.layer, box.label) }))
        .filter(({ name }) => !overlay.hidden.has(name))
        .map(({ box, name }, index) => {
          const [x, y, width, height] = inPixels(box, size);
          const color = classColor(overlay.classes, name);
          const words = [box.caption || box.label, box.score === null ? "" : formatNumber(box.score, 2)];
          return (
            <g key={index}>
              <rect x={x} y={y} width={width} height={height} fill="none" stroke={color} stroke-width="2" vector-effect="non-scaling-stroke" />
              <text x={x} y={Math.max(letter, y - letter / 4)} fill={color} font-size={letter} stroke-width={letter / 5} class="box-label">
                {words.filter(Boolean).join(" ")}
              </text>
            </g>
          );
        })}
    </svg>
  );
}

function inPixels({ place, fraction }: Box, { width, height }: Size): Box["place"] {
  if (!fraction) return place;
  const [x, y, w, h] = place;
  return [x * width, y * height, w * width, h * height];
}

/** The class ids stand in the red channel of an image of the same size. */
function Mask({ mask, file, overlay }: { mask: MaskLayer; file: FileRow; overlay: Overlay }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const source = overlay.masks.find((row) => row.fileName === mask.fileName && row.name === file.name);
  const hidden = [...overlay.hidden].join("|");
  useEffect(() => {
    if (!source) return;
    const image = new Image();
    image.onload = () => canvas.current && paint(canvas.current, image, mask, overlay);
    image.src = source.url;
    return () => {
      image.onload = null;
    };
  }, [source?.url, hidden]);
  return <canvas class="laid-over" ref={canvas} aria-hidden="true" data-mask={mask.layer} />;
}

const STRENGTH = 150; // of 255: the picture below stays recognizable

function paint(canvas: HTMLCanvasElement, image: HTMLImageElement, mask: MaskLayer, { classes, hidden }: Overlay): void {
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context || !canvas.width) return;
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  const colors = new Map(
    Object.entries(mask.labels)
      .map(([id, label]) => [Number(id), classOf(classes, mask.layer, label)] as const)
      .filter(([, name]) => !hidden.has(name))
      .map(([id, name]) => [id, channels(classColor(classes, name))]),
  );
  for (let at = 0; at < pixels.data.length; at += 4) {
    const color = colors.get(pixels.data[at] as number);
    if (color) pixels.data.set([...color, STRENGTH], at);
    else pixels.data[at + 3] = 0;
  }
  context.putImageData(pixels, 0, 0);
}

function channels(color: string): number[] {
  return [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
}
