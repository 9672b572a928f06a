// The legend under the crosshair: the runs' values at this x, largest first.

import { useLayoutEffect, useRef } from "preact/hooks";
import type { Smoothing } from "../smoothing";
import type { Axis } from "../state/view";
import { FLAG_NAN, FLAG_NEGATIVE, FLAG_POSITIVE } from "../api/types";
import { formatCount, formatDate, formatDeviation, formatDuration, formatNumber } from "../format";
import { nearest } from "../series/merge";
import type { Focus } from "../state/focus";
import { isFocused, type Line } from "./lines";
import { besideX } from "./place";
import type { Hover } from "./plot";
import { formatIn, type Unit } from "./units";

export interface Reading {
  line: Line;
  x: number;
  /** The drawn value: smoothed where there is smoothing. */
  value: number;
  /** What was logged, when the drawn value is not it. */
  raw: string;
  text: string;
  /** Whether the line has no points here: it ended before, or begins later. */
  beyond: boolean;
}

const MOST_ROWS = 14;

/** The value of each line at the bucket nearest to the crosshair, largest first; lines that do not reach it last. */
export function readings(lines: readonly Line[], x: number, unit: Unit): Reading[] {
  const found: Reading[] = [];
  for (const line of lines) {
    const index = nearest(line.series.x, x);
    if (index < 0) continue;
    const value = line.drawn[index] as number;
    const texts = { raw: rawText(line, index, unit), text: valueText(line, index, unit) };
    found.push({ line, x: line.series.x[index] as number, value, ...texts, beyond: isBeyond(line.series.x, x) });
  }
  return found.sort((a, b) => Number(a.beyond) - Number(b.beyond) || (b.value || 0) - (a.value || 0));
}

/** Farther from the ends than points are from each other. */
function isBeyond(points: Float64Array, x: number): boolean {
  const [first, last] = [points[0] as number, points[points.length - 1] as number];
  const gap = (last - first) / Math.max(1, points.length - 1);
  return x > last + gap || x < first - gap;
}

function valueText(line: Line, index: number, unit: Unit): string {
  const words = flagWords(line.series.flags[index] as number);
  const value = line.drawn[index] as number;
  if (!Number.isFinite(value) && words) return words;
  return words ? `${formatIn(unit, value)} · ${words}` : formatIn(unit, value);
}

function rawText({ series, smoothed, counts }: Line, index: number, unit: Unit): string {
  const min = series.min[index] as number;
  const max = series.max[index] as number;
  const mean = series.mean[index] as number;
  if (counts) return `± ${unit ? formatIn(unit, max - mean, 3) : formatDeviation(max - mean)} · ${counts[index]} runs`;
  if (max > min) return `${formatIn(unit, min)} … ${formatIn(unit, max)}`;
  return smoothed && Number.isFinite(mean) ? formatIn(unit, mean) : "";
}

function flagWords(flags: number): string {
  const words = [];
  if (flags & FLAG_NAN) words.push("NaN");
  if (flags & FLAG_POSITIVE) words.push("∞");
  if (flags & FLAG_NEGATIVE) words.push("−∞");
  return words.join(" ");
}

export function xText({ kind, metric }: Axis, x: number): string {
  if (kind === "metric") return `${metric} ${formatNumber(x)}`;
  if (kind === "time") return formatDate(x);
  if (kind === "relative") return formatDuration(x);
  return `step ${formatCount(x)}`;
}

interface Props {
  axis: Axis;
  hover: Hover;
  rows: readonly Reading[];
  focus: Focus | null;
  smoothing: Smoothing;
  area: { left: number; top: number; width: number };
}

export function Tooltip({ axis, hover, rows, focus, smoothing, area }: Props) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => put(box.current as HTMLElement, area.left + hover.left, hover.left > area.width / 2 ? "left" : "right"));
  const shown = around(rows, focus);
  return (
    <div class="tooltip" ref={box} style={{ top: `${area.top + 4}px` }}>
      <div class="tooltip-x">
        {xText(axis, rows[0]?.beyond === false ? rows[0].x : hover.x)}
        {smoothing.weight > 0 && <span class="muted"> · smoothed {smoothing.weight}</span>}
      </div>
      {shown.map(({ line, x, text, raw, beyond }) => (
        <div class={`tooltip-row ${isFocused(line, focus) ? "focused" : ""} ${beyond ? "muted" : ""}`} key={`${line.run}|${line.series.name}`}>
          <span class="dot" style={{ background: line.color }} />
          <span class="tooltip-name">{line.label}</span>
          <b class="number">{text}</b>
          <span class="number muted">{beyond ? `at ${xText(axis, x)}` : raw}</span>
        </div>
      ))}
      {rows.length > shown.length && <div class="muted">and {rows.length - shown.length} more</div>}
    </div>
  );
}

/** Puts the box beside `x`, in pixels from the left of the plot, within the page that it is on. */
function put(box: HTMLElement, x: number, wanted: "left" | "right"): void {
  const plot = (box.offsetParent ?? document.body).getBoundingClientRect();
  const frame = box.closest("main, .overlay")?.getBoundingClientRect() ?? { left: 0, right: innerWidth };
  box.style.left = `${besideX(plot.left + x, box.offsetWidth, frame, wanted) - plot.left}px`;
}

/** At most so many rows, the focused one among them. */
function around(rows: readonly Reading[], focus: Focus | null): readonly Reading[] {
  if (rows.length <= MOST_ROWS) return rows;
  const at = Math.max(0, rows.findIndex((row) => isFocused(row.line, focus)));
  const from = Math.min(Math.max(0, at - MOST_ROWS / 2), rows.length - MOST_ROWS);
  return rows.slice(from, from + MOST_ROWS);
}

/** The line that is nearest to the pointer, no farther than `reach` pixels. */
export function nearestLine(
  rows: readonly Reading[],
  top: number,
  yToPixel: (value: number) => number,
  reach = 30,
): Line | null {
  let best: Line | null = null;
  let distance = reach;
  for (const { line, value, beyond } of rows) {
    if (beyond) continue;
    const gap = Math.abs(yToPixel(value) - top);
    if (gap < distance) [best, distance] = [line, gap];
  }
  return best;
}
