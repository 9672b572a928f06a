// What the pointer does on a chart besides uPlot's drag: a click, a double click, and a drag along the axis.

import type uPlot from "uplot";
import type { Span } from "../state/view";

interface Does {
  logX: boolean;
  onZoom(span: Span | null): void;
  onClick(x: number): void;
}

/** Pixels that a hand may shake in a click. */
const STILL = 4;
/** While a chart is dragged along, the window moves at most so often, in ms: each time finer detail is asked for. */
const PERIOD = 60;

export function gestures(u: uPlot, { logX, onZoom, onClick }: Does): void {
  let down = { x: 0, y: 0 };
  u.over.addEventListener("mousedown", (event) => {
    down = { x: event.clientX, y: event.clientY };
    if (event.shiftKey && event.button === 0) pan(u, event, logX, onZoom);
  });
  u.over.addEventListener("click", (event) => {
    const moved = Math.hypot(event.clientX - down.x, event.clientY - down.y);
    if (moved <= STILL && !event.shiftKey) onClick(u.posToVal(u.cursor.left ?? 0, "x"));
  });
  u.over.addEventListener("dblclick", () => onZoom(null));
}

/** Moves the window with the pointer until the button is let go. */
function pan(u: uPlot, start: MouseEvent, logX: boolean, onZoom: (span: Span) => void): void {
  const { min = 0, max = 1 } = u.scales.x as uPlot.Scale;
  const width = u.over.clientWidth;
  let told = 0;
  let span: Span = [min, max];
  const move = (event: MouseEvent) => {
    span = shifted([min, max], (start.clientX - event.clientX) / width, logX);
    if (event.timeStamp - told < PERIOD) return;
    told = event.timeStamp;
    onZoom(span);
  };
  const end = () => {
    document.removeEventListener("mousemove", move);
    if (span[0] !== min) onZoom(span);
  };
  start.preventDefault(); // no text is selected on the way
  document.addEventListener("mousemove", move);
  document.addEventListener("mouseup", end, { once: true });
}

/** The window moved by a share of its width. */
export function shifted([low, high]: Span, share: number, log: boolean): Span {
  if (log) return [low * (high / low) ** share, high * (high / low) ** share];
  return [low + (high - low) * share, high + (high - low) * share];
}
