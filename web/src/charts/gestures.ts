// What the pointer does on a chart besides uPlot's drag: a click, a double click, and a drag along the axis.

import type uPlot from "uplot";
import type { Span } from "../state/view";

interface Does {
  logX: boolean;
  onZoom(span: Span | null): void;
  /** A drag rests, and would end here. */
  onReach(span: Span): void;
  onClick(x: number): void;
}

/** Pixels that a hand may shake in a click. */
const STILL = 4;
/** While a chart is dragged along, the window moves at most so often, in ms: each time finer detail is asked for. */
const PERIOD = 60;
/** A drag that stands still for so long, in ms, is likely to end there. */
const REST = 50;

export function gestures(u: uPlot, { logX, onZoom, onReach, onClick }: Does): void {
  let down = { x: 0, y: 0 };
  let resting: ReturnType<typeof setTimeout> | undefined;
  u.over.addEventListener("mousemove", (event) => {
    clearTimeout(resting);
    if (event.buttons !== 1 || event.shiftKey) return;
    resting = setTimeout(() => u.select.width > 0 && onReach(selected(u)), REST);
  });
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

/** The stretch that a drag has covered so far. */
export function selected(u: uPlot): Span {
  const { left, width } = u.select;
  return [u.posToVal(left, "x"), u.posToVal(left + width, "x")];
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
