// Ties a plot to its host element: made when the host has a size, redrawn when lines or window
// change, made anew when the axis, the scale or the theme does.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { RefObject } from "preact";
import { useSize } from "../parts/hooks";
import type { Focus } from "../state/focus";
import { theme } from "../state/theme";
import type { Limits } from "../state/chartOwn";
import type { Axis, Span } from "../state/view";
import type { Line } from "./lines";
import { createPlot, type Hover, type Omitted, type Plot } from "./plot";
import type { Unit } from "./units";

interface Options {
  lines: readonly Line[];
  x: Axis;
  log: boolean;
  logX: boolean;
  clip: boolean;
  unit: Unit;
  span: Span | null;
  limits: Limits;
  /** What a drag does. */
  onZoom(span: Span | null): void;
  /** What a drag does that stands still. */
  onReach(span: Span): void;
  /** What a click does. */
  onClick(x: number): void;
  focus: Focus | null;
  /** Where the crosshair is pinned. */
  mark: number | null;
}

export interface UsedPlot {
  host: RefObject<HTMLDivElement>;
  plot: Plot | null;
  hover: Hover | null;
  omitted: Omitted;
  width: number;
}

export function usePlot({ lines, x, log, logX, clip, unit, span, limits, onZoom, onReach, onClick, focus, mark }: Options): UsedPlot {
  const [host, size] = useSize<HTMLDivElement>();
  const [plot, setPlot] = useState<Plot | null>(null);
  const [hover, setHover] = useState<Hover | null>(null);
  const [omitted, setOmitted] = useState<Omitted>({ hidden: 0, outside: 0 });
  const ready = size.width > 0 && size.height > 0;
  const colors = theme.value;
  const does = useRef({ onZoom, onReach, onClick });
  does.current = { onZoom, onReach, onClick };

  useLayoutEffect(() => {
    if (!ready || !host.current) return;
    const made = createPlot(host.current, {
      x,
      log,
      logX,
      clip,
      unit,
      ...size,
      onHover: setHover,
      onZoom: (next) => does.current.onZoom(next),
      onReach: (next) => does.current.onReach(next),
      onClick: (at) => does.current.onClick(at),
    });
    setPlot(made);
    return () => made.destroy();
  }, [ready, x.kind, x.metric, log, logX, clip, unit, colors]);

  // Before the browser paints: an effect after it would show every change a frame later.
  useLayoutEffect(() => plot?.resize(size.width, size.height), [plot, size.width, size.height]);
  useLayoutEffect(() => {
    if (plot) setOmitted(plot.show(lines, span, limits));
  }, [plot, lines, span?.[0], span?.[1], limits[0], limits[1]]);
  useLayoutEffect(() => plot?.focus(focus), [plot, focus]);
  useLayoutEffect(() => plot?.mark(mark), [plot, mark]);
  return { host, plot, hover, omitted, width: size.width };
}
