// A drawing of more boxes than the page can have as elements: painted, and clicked by its places.

import { useLayoutEffect, useRef } from "preact/hooks";
import { formatCount } from "../format";
import type { Size } from "../parts/hooks";
import { theme } from "../state/theme";
import type { Camera } from "./camera";
import type { Drawing } from "./layout";
import { boxAt, isOnFold, paintFlow } from "./paintFlow";
import type { Part } from "./tree";

interface Props {
  drawing: Drawing;
  camera: Camera;
  size: Size;
  picked: number;
  toggle(part: Part): void;
  pick(path: string): void;
}

export function FlowCanvas({ drawing, camera, size, picked, toggle, pick }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const shown = theme.value;
  const sharp = devicePixelRatio;
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    context?.setTransform(sharp, 0, 0, sharp, 0, 0);
    if (context) paintFlow(context, { drawing, camera, size, picked });
  }, [drawing, camera, size.width, size.height, picked, shown, sharp]);
  const found = (event: MouseEvent) => {
    const pane = { x: event.offsetX, y: event.offsetY };
    const box = drawing.boxes[boxAt(drawing, camera, pane)];
    return box ? { box, folds: isOnFold(box, camera, pane) } : null;
  };
  const onClick = (event: MouseEvent) => {
    const at = found(event);
    if (at?.folds) toggle(at.box.part);
    else if (at) pick(at.box.part.path);
  };
  const onDblClick = (event: MouseEvent) => {
    const at = found(event);
    if (at && !at.folds && at.box.part.parts.length) toggle(at.box.part);
  };
  return (
    <canvas
      class="flow-picture"
      ref={canvas}
      width={Math.round(size.width * sharp)}
      height={Math.round(size.height * sharp)}
      tabIndex={0}
      role="img"
      aria-label={`${formatCount(drawing.boxes.length)} boxes and ${formatCount(drawing.edges.length)} edges. The arrow keys move; find a box by its name.`}
      onClick={onClick}
      onDblClick={onDblClick}
    />
  );
}
