// Histograms over the steps as a heat map, and the one at a chosen step as bars.

import { useEffect, useState } from "preact/hooks";
import type { DataPoint } from "../api/types";
import { formatCount, formatNumber, toNumber } from "../format";
import { useSize, type Size } from "../parts/hooks";
import { theme, token } from "../state/theme";
import { atStep, steps } from "./steps";
import { StepSlider } from "./StepSlider";
import { countTicks } from "../charts/ticks";

export interface Histogram {
  step: number;
  counts: number[];
  low: number;
  high: number;
}

/** The payload `{freq, bins: {min, max, num}}`; null when it is something else. */
export function readHistogram(point: DataPoint): Histogram | null {
  const data = point.data as { freq?: unknown; bins?: { min?: unknown; max?: unknown } } | null;
  const low = toNumber(data?.bins?.min);
  const high = toNumber(data?.bins?.max);
  if (!Array.isArray(data?.freq) || low === null || high === null || !(low <= high)) return null;
  return { step: point.step, counts: data.freq.map((value) => toNumber(value) ?? 0), low, high };
}

export function Histograms({ points, name }: { points: readonly DataPoint[]; name: string }) {
  const all = points.map(readHistogram).filter((item) => item !== null);
  const at = steps(all);
  const [chosen, setChosen] = useState<number | null>(null);
  const step = chosen ?? at[at.length - 1] ?? 0;
  const one = atStep(all, step)[0];
  if (!one) return <p class="muted">None of the values can be read as a histogram.</p>;
  return (
    <>
      <StepSlider steps={at} step={step} set={setChosen} />
      <div class="histogram-pair">
        <Canvas label={`${name} at step ${one.step}`} draw={(context, size) => drawBars(context, size, one)} redraw={[one]} />
        {at.length > 1 && (
          <Canvas label={`${name} over all steps`} draw={(context, size) => drawHeat(context, size, all)} redraw={[points]} />
        )}
      </div>
      <p class="muted number">
        {formatCount(one.counts.reduce((sum, count) => sum + count, 0))} values from {formatNumber(one.low)} to {formatNumber(one.high)}
        {at.length > 1 && "; right: all steps, the newest at the right edge"}
      </p>
    </>
  );
}

interface CanvasProps {
  label: string;
  draw(context: CanvasRenderingContext2D, size: Size): void;
  redraw: readonly unknown[];
}

function Canvas({ label, draw, redraw }: CanvasProps) {
  const [box, size] = useSize<HTMLDivElement>();
  useEffect(() => {
    const canvas = box.current?.querySelector("canvas");
    const context = canvas?.getContext("2d");
    if (!canvas || !context || !size.width) return;
    canvas.width = size.width * devicePixelRatio;
    canvas.height = size.height * devicePixelRatio;
    context.scale(devicePixelRatio, devicePixelRatio);
    draw(context, size);
  }, [size.width, size.height, theme.value, ...redraw]);
  return (
    <div class="histogram" ref={box}>
      <canvas role="img" aria-label={label} />
    </div>
  );
}

/** Room under the bars for the axis of values, and above them for half a label of the axis of counts. */
const AXIS = 16;
const TOP = 8;

function drawBars(context: CanvasRenderingContext2D, { width, height }: Size, { counts, low, high }: Histogram): void {
  const most = Math.max(1, ...counts);
  const tall = (count: number) => (count / most) * (height - AXIS - TOP);
  context.clearRect(0, 0, width, height);
  context.font = "11px system-ui, sans-serif";
  const left = drawCounts(context, { width, height }, most, tall);
  const bar = (width - left) / Math.max(1, counts.length);
  context.fillStyle = token("--accent");
  counts.forEach((count, index) => {
    context.fillRect(left + index * bar, height - AXIS - tall(count), Math.max(1, bar - 1), tall(count));
  });
  context.fillStyle = token("--muted");
  context.fillText(formatNumber(low), left, height - 3);
  context.textAlign = "right";
  context.fillText(formatNumber(high), width, height - 3);
  context.textAlign = "left";
}

/** The axis of counts with its lines; answers how much room it takes at the left. */
function drawCounts(
  context: CanvasRenderingContext2D,
  { width, height }: Size,
  most: number,
  tall: (count: number) => number,
): number {
  const ticks = countTicks(most);
  const labels = ticks.map((tick) => formatNumber(tick));
  const left = 6 + Math.max(...labels.map((label) => context.measureText(label).width));
  context.textAlign = "right";
  context.textBaseline = "middle";
  ticks.forEach((tick, index) => {
    const y = height - AXIS - tall(tick);
    context.fillStyle = token("--grid");
    context.fillRect(left, Math.round(y), width - left, 1);
    context.fillStyle = token("--muted");
    context.fillText(labels[index] as string, left - 6, y);
  });
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
  return left;
}

/** Steps from left to right, values from bottom to top, the share of a bin as the strength of its colour. */
function drawHeat(context: CanvasRenderingContext2D, { width, height }: Size, all: readonly Histogram[]): void {
  const low = Math.min(...all.map((item) => item.low));
  const high = Math.max(...all.map((item) => item.high));
  const column = width / all.length;
  const toY = (value: number) => (height * (high - value)) / (high - low || 1);
  context.clearRect(0, 0, width, height);
  context.fillStyle = token("--accent");
  all.forEach((item, index) => {
    const most = Math.max(1, ...item.counts);
    const bin = (item.high - item.low) / item.counts.length;
    item.counts.forEach((count, place) => {
      if (!count) return;
      const top = toY(item.low + (place + 1) * bin);
      context.globalAlpha = 0.08 + 0.92 * (count / most);
      context.fillRect(index * column, top, column + 0.5, Math.max(1, toY(item.low + place * bin) - top));
    });
  });
  context.globalAlpha = 1;
}
