// The place of a panel in the page: dragged by its grip, sized by its corner, both with the arrow keys too.

import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { columnName } from "../runs/columns";
import { keepPanel, movePanel, placeOf, shiftPanel } from "../state/panels";
import { resized, titleOf, type Panel } from "./model";

/** The panel that is dragged, and the one in whose place it would be put. */
const drag = signal<{ id: string; over: string | null } | null>(null);

/** Heights in pixels of a card, of one that has a whole row, and the gap between cards. */
const [CARD, ROW, GAP] = [232, 300, 12];

interface Props {
  panel: Panel;
  /** How many the page has. */
  columns: number;
  children: ComponentChildren;
}

export function Slot({ panel, columns, children }: Props) {
  const [sized, setSized] = useState<Panel | null>(null);
  const { wide, span, rows } = sized ?? panel;
  const height = rows === 1 ? (wide ? ROW : CARD) : rows * CARD + (rows - 1) * GAP;
  const dragged = drag.value?.id === panel.id;
  const over = drag.value?.over === panel.id && !dragged;
  return (
    <div
      class={`panel-slot ${dragged ? "dragged" : ""} ${over ? "drop" : ""}`}
      data-panel={panel.id}
      style={{ gridColumn: wide ? "1 / -1" : `span ${Math.min(span, columns)}`, gridRow: `span ${rows}`, "--panel-height": `${height}px` }}
    >
      {children}
      <Grip panel={panel} />
      <Corner panel={panel} columns={columns} show={setSized} />
    </div>
  );
}

const STEPS: Record<string, number> = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

function Grip({ panel }: { panel: Panel }) {
  const title = titleOf(panel, columnName);
  const move = (event: PointerEvent) => {
    if (drag.peek()?.id !== panel.id) return;
    const under = document.elementFromPoint(event.clientX, event.clientY)?.closest<HTMLElement>("[data-panel]");
    drag.value = { id: panel.id, over: under?.dataset.panel ?? null };
  };
  const drop = () => {
    const over = drag.peek()?.over;
    drag.value = null;
    if (over && over !== panel.id) movePanel(panel, placeOf({ ...panel, id: over }));
  };
  return (
    <button
      type="button"
      class="grip"
      aria-label={`Move ${title}`}
      title="Drag, or use the arrow keys, to move this panel"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        drag.value = { id: panel.id, over: null };
      }}
      onPointerMove={move}
      onPointerUp={drop}
      onPointerCancel={() => (drag.value = null)}
      onKeyDown={(event) => {
        const by = STEPS[event.key];
        if (by === undefined) return;
        event.preventDefault();
        shiftPanel(panel, by);
        const grip = event.currentTarget;
        requestAnimationFrame(() => grip.focus()); // a moved element loses the focus
      }}
    >
      ⠿
    </button>
  );
}

const SIZES: Record<string, { span?: number; rows?: number }> = {
  ArrowLeft: { span: -1 },
  ArrowRight: { span: 1 },
  ArrowUp: { rows: -1 },
  ArrowDown: { rows: 1 },
};

interface CornerProps {
  panel: Panel;
  columns: number;
  /** Shows a size before it is kept. */
  show(panel: Panel | null): void;
}

function Corner({ panel, columns, show }: CornerProps) {
  const start = useRef<{ x: number; y: number; column: number } | null>(null);
  const at = (event: PointerEvent) => {
    const from = start.current;
    if (!from) return null;
    const [span, rows] = [Math.round((event.clientX - from.x) / from.column), Math.round((event.clientY - from.y) / (CARD + GAP))];
    return resized(panel, columns, { span, rows });
  };
  return (
    <button
      type="button"
      class="corner"
      aria-label={`Size of ${titleOf(panel, columnName)}`}
      title="Drag, or use the arrow keys, to size this panel"
      onPointerDown={(event) => {
        const corner = event.currentTarget;
        corner.setPointerCapture(event.pointerId);
        const width = (corner.closest(".chart-grid") as HTMLElement).clientWidth + GAP;
        start.current = { x: event.clientX, y: event.clientY, column: width / columns };
      }}
      onPointerMove={(event) => start.current && show(at(event))}
      onPointerUp={(event) => {
        const next = at(event);
        start.current = null;
        show(null);
        if (next) keepPanel(next);
      }}
      onKeyDown={(event) => {
        const by = SIZES[event.key];
        if (!by) return;
        event.preventDefault();
        keepPanel(resized(panel, columns, by));
      }}
    />
  );
}
