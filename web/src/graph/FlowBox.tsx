// One part of a drawn model: a box, or a frame around its parts with its name on top.

import type { PlacedBox } from "./layout";
import type { Part } from "./tree";

interface Props {
  box: PlacedBox;
  picked: boolean;
  toggle(part: Part): void;
  pick(path: string): void;
  reveal(box: PlacedBox): void;
}

export function FlowBox({ box, picked, toggle, pick, reveal }: Props) {
  const { part, open, x, y, width, height, lines } = box;
  const folds = part.parts.length > 0;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation(); // the page has uses of its own for these keys
    if (event.key === " " && folds) toggle(part);
    else pick(part.path);
  };
  return (
    <g class={`flow-box ${open ? "open" : ""} ${folds ? "folds" : ""} ${picked ? "picked" : ""}`} transform={`translate(${x - width / 2} ${y - height / 2})`}>
      <g
        role="button"
        tabIndex={0}
        aria-pressed={picked}
        aria-expanded={folds ? open : undefined}
        onClick={() => pick(part.path)}
        onDblClick={() => folds && toggle(part)}
        onFocus={() => reveal(box)}
        onKeyDown={onKeyDown}
      >
        <rect width={width} height={height} rx={6} />
        <text x={12} y={17}>
          {lines[0]}
        </text>{" "}
        <text class="flow-type" x={open ? 18 + 8 * lines[0].length : 12} y={open ? 17 : 33}>
          {lines[1]}
        </text>
        {folds && <Fold open={open} x={width - 22} act={() => toggle(part)} />}
      </g>
    </g>
  );
}

function Fold({ open, x, act }: { open: boolean; x: number; act(): void }) {
  const onClick = (event: MouseEvent) => {
    event.stopPropagation();
    act();
  };
  return (
    <g class="flow-fold" onClick={onClick} onDblClick={(event) => event.stopPropagation()}>
      <rect x={x} y={5} width={16} height={16} rx={3} />
      <path d={`M${x + 4} 13h8${open ? "" : `M${x + 8} 9v8`}`} />
    </g>
  );
}
