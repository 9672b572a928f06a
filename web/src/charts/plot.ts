// A chart on the page: uPlot gives axes, crosshair and drag; the lines are painted by us, because
// every run has an x column of its own and brings a band with it.

import uPlot from "uplot";
import type { Limits } from "../state/chartOwn";
import type { Focus } from "../state/focus";
import { token } from "../state/theme";
import type { Axis, Span } from "../state/view";
import { axes } from "./axes";
import { gestures, selected } from "./gestures";
import { Layer } from "./layer";
import { countOutside, padded, xExtent, yExtent, type Extent, type Line, type Range } from "./lines";
import type { Frame } from "./paint";
import { roundEnd } from "./ticks";
import { framed, type Unit } from "./units";

export interface PlotOptions {
  x: Axis;
  log: boolean;
  logX: boolean;
  /** Whether the y axis leaves out what is far from everything else. */
  clip: boolean;
  unit: Unit;
  width: number;
  height: number;
  /** A drag over a stretch of the axis, or along it with Shift; null is a double click. */
  onZoom(span: Span | null): void;
  onReach(span: Span): void;
  /** A click, with its x. */
  onClick(x: number): void;
  /** The pointer's x, or null when it left; `own` is false for a pointer over another chart. */
  onHover(at: Hover | null): void;
}

export interface Hover {
  x: number;
  /** The pointer's value on the y axis. */
  y: number;
  /** CSS pixels from the left of the plot's area. */
  left: number;
  top: number;
  own: boolean;
}

export interface Plot {
  /** Shows these lines in this window and within these limits of y; answers how many buckets it cannot show. */
  show(lines: readonly Line[], span: Span | null, limits: Limits): Omitted;
  focus(on: Focus | null): void;
  /** Draws the pinned crosshair. */
  mark(x: number | null): void;
  resize(width: number, height: number): void;
  canvas: HTMLCanvasElement;
  /** The plot's rectangle in CSS pixels, inside its host. */
  area(): { left: number; top: number; width: number; height: number };
  xToPixel(value: number): number;
  yToPixel(value: number): number;
  /** Where what is painted goes, with its scales, in canvas pixels. */
  frame(): Frame;
  destroy(): void;
}

/** Buckets with values that a log axis cannot show, and those out of a range without outliers. */
export type Omitted = Pick<Extent, "hidden" | "outside">;

interface Shown {
  layer: Layer;
  focus: Focus | null;
  mark: number | null;
}

const EMPTY_X: Range = [0, 1];
const EMPTY_Y: Range = [0, 1];
const EMPTY_LOG: Range = [0.1, 10];

export function createPlot(host: HTMLElement, options: PlotOptions): Plot {
  const shown: Shown = { layer: new Layer(), focus: null, mark: null };
  const u = new uPlot(settings(options, shown), [[], []], host);
  return {
    show: (lines, span, limits) => show(u, shown, lines, { span, limits }, options),
    focus(on) {
      if (shown.focus === on) return;
      shown.focus = on;
      u.redraw(false);
    },
    mark(x) {
      if (shown.mark === x) return;
      shown.mark = x;
      u.redraw(false);
    },
    resize(width, height) {
      if (width !== u.width || height !== u.height) u.setSize({ width, height });
    },
    canvas: u.ctx.canvas,
    area: () => {
      const ratio = devicePixelRatio;
      const { left, top, width, height } = u.bbox;
      return { left: left / ratio, top: top / ratio, width: width / ratio, height: height / ratio };
    },
    xToPixel: (value) => u.valToPos(value, "x"),
    yToPixel: (value) => u.valToPos(value, "y"),
    frame: () => frameOf(u, options),
    destroy: () => u.destroy(),
  };
}

interface Window {
  span: Span | null;
  limits: Limits;
}

function show(u: uPlot, shown: Shown, lines: readonly Line[], { span, limits }: Window, options: PlotOptions): Omitted {
  const { x: { kind }, log, logX, unit, clip } = options;
  shown.layer.show(lines);
  const x = xRange(lines, span, logX, kind);
  const { range, hidden, outside } = yExtent(lines, x, log, clip);
  const whole = range ? framed(range, log, unit) : log ? EMPTY_LOG : EMPTY_Y;
  const y = within(whole, limits, log);
  u.batch(() => {
    // uPlot shows no crosshair over an empty chart, so it is told of the two ends.
    u.setData([[...x], [null, null]], false);
    u.setScale("x", { min: x[0], max: x[1] });
    u.setScale("y", { min: y[0], max: y[1] });
  });
  return { hidden, outside: y === whole ? outside : countOutside(lines, x, y) };
}

/** The range with the ends that were set; ends that a log axis has not are as the values have them. */
function within(range: Range, [low, high]: Limits, log: boolean): Range {
  const ends: Range = [low !== null && !(log && low <= 0) ? low : range[0], high !== null && !(log && high <= 0) ? high : range[1]];
  return (ends[0] === range[0] && ends[1] === range[1]) || ends[0] >= ends[1] ? range : ends;
}

function xRange(lines: readonly Line[], span: Span | null, logX: boolean, kind: Axis["kind"]): Range {
  const extent = xExtent(lines, logX);
  if (!span) return logX ? padded(extent ?? EMPTY_LOG, true) : widened(extent ?? EMPTY_X, kind);
  // A log axis begins where there is something to see.
  return logX && span[0] <= 0 ? [Math.min(extent?.[0] ?? 0.1, span[1] / 10), span[1]] : [...span];
}

/** A single point needs an axis with some length; steps 0 to 999,999 end at the tick of a million. */
function widened([low, high]: Range, kind: Axis["kind"]): Range {
  if (low === high) return [low - 0.5, high + 0.5];
  return [low, kind === "step" ? roundEnd(low, high) : high];
}

function settings(options: PlotOptions, shown: Shown): uPlot.Options {
  return {
    width: options.width,
    height: options.height,
    ms: 1,
    legend: { show: false },
    padding: [8, 20, 0, 0], // half of a label of five digits stands beyond the plot
    scales: {
      x: { time: options.x.kind === "time", auto: false, distr: options.logX ? 3 : 1, range: ranger(options.logX ? EMPTY_LOG : EMPTY_X) },
      y: { auto: false, distr: options.log ? 3 : 1, range: ranger(options.log ? EMPTY_LOG : EMPTY_Y) },
    },
    axes: axes(options),
    series: [{}, { scale: "y", paths: () => null, points: { show: false } }],
    cursor: cursor(options),
    hooks: {
      draw: [(u) => draw(u, shown, options)],
      setSelect: [(u) => onSelect(u, options)],
      setCursor: [(u) => options.onHover(hoverOf(u))],
      ready: [(u) => gestures(u, options)],
    },
  };
}

function draw(u: uPlot, { layer, focus, mark }: Shown, options: PlotOptions): void {
  layer.draw(u.ctx, frameOf(u, options), focus);
  if (mark !== null) drawMark(u, mark);
}

/** The pinned crosshair. */
function drawMark({ ctx, bbox, valToPos }: uPlot, mark: number): void {
  const x = Math.round(valToPos(mark, "x", true));
  if (!(x >= bbox.left && x <= bbox.left + bbox.width)) return;
  ctx.save();
  ctx.strokeStyle = token("--accent");
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}

/** Takes the range that `show` sets, as it is; uPlot asks with nulls before that. */
function ranger(empty: Range): uPlot.Scale.Range {
  return (_, min, max) => [min ?? empty[0], max ?? empty[1]];
}

function cursor(options: PlotOptions): uPlot.Cursor {
  return {
    y: false,
    points: { show: false },
    drag: { x: true, y: false, setScale: false, dist: 4 },
    // Charts with the same axis show one crosshair; only moves are shared, drags are not.
    sync: {
      key: options.x.kind + options.x.metric,
      setSeries: false,
      scales: ["x", null],
      filters: { pub: (type) => type === "mousemove" || type === "mouseleave", sub: () => true },
    },
    bind: {
      dblclick: () => () => null,
      // With Shift a drag is ours: see `gestures`.
      mousedown: (_, __, handler) => (event) => (event.shiftKey ? null : handler(event)),
    },
  };
}

function frameOf(u: uPlot, { log, logX }: PlotOptions): Frame {
  const { x, y } = u.scales as { x: uPlot.Scale; y: uPlot.Scale };
  return {
    ...u.bbox,
    x: [x.min ?? 0, x.max ?? 1],
    y: [y.min ?? 0, y.max ?? 1],
    log,
    logX,
    ratio: devicePixelRatio,
  };
}

function onSelect(u: uPlot, options: PlotOptions): void {
  if (u.select.width <= 0) return;
  const span = selected(u);
  u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  options.onZoom(span);
}

function hoverOf(u: uPlot): Hover | null {
  const { left, top } = u.cursor;
  if (left === undefined || top === undefined || left < 0) return null;
  return {
    x: u.posToVal(left, "x"),
    y: u.posToVal(top, "y"),
    left,
    top,
    own: u.over.matches(":hover"),
  };
}
