// Ties a plot to its host element: made when the host has a size, redrawn when lines or window
// change, made anew when the axis, the scale or the theme does.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { RefObject } from "preact";
import type { XKind } from "../api/types";
import { useSize } from "../parts/hooks";
import { theme } from "../state/theme";
import { zoom, type Span } from "../state/view";
import type { Line } from "./lines";
import { createPlot, type Hover, type Plot } from "./plot";
import type { Unit } from "./units";

interface Options {
  lines: readonly Line[];
  x: XKind;
  log: boolean;
  unit: Unit;
  span: Span | null;
  /** Whether a drag may zoom: only charts on the axis that the URL's zoom is about. */
  zoomable: boolean;
  focus: number | null;
}

export interface UsedPlot {
  host: RefObject<HTMLDivElement>;
  plot: Plot | null;
  hover: Hover | null;
  /** Buckets that the log axis cannot show. */
  hidden: number;
  width: number;
}

export function usePlot({ lines, x, log, unit, span, zoomable, focus }: Options): UsedPlot {
  const [host, size] = useSize<HTMLDivElement>();
  const [plot, setPlot] = useState<Plot | null>(null);
  const [hover, setHover] = useState<Hover | null>(null);
  const [hidden, setHidden] = useState(0);
  const ready = size.width > 0 && size.height > 0;
  const colors = theme.value;
  const mayZoom = useRef(zoomable);
  mayZoom.current = zoomable;

  useLayoutEffect(() => {
    if (!ready || !host.current) return;
    const made = createPlot(host.current, {
      x,
      log,
      unit,
      ...size,
      onHover: setHover,
      onZoom: (next) => mayZoom.current && zoom.set(next),
    });
    setPlot(made);
    return () => made.destroy();
  }, [ready, x, log, unit, colors]);

  useEffect(() => plot?.resize(size.width, size.height), [plot, size.width, size.height]);
  useEffect(() => {
    if (plot) setHidden(plot.show(lines, span));
  }, [plot, lines, span?.[0], span?.[1]]);
  useEffect(() => plot?.focus(focus), [plot, focus]);
  return { host, plot, hover, hidden, width: size.width };
}
