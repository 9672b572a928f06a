// Histograms over the steps as a heat map, and the one at a chosen step as bars.

import { useEffect } from "preact/hooks";
import type { DataPoint } from "../api/types";
import { formatCount, formatNumber, toNumber } from "../format";
import { useSize, type Size } from "../parts/hooks";
import { theme } from "../state/theme";
import { drawBars, drawHeat, HEAT_LEFT, type Histogram } from "./histogramPaint";
import { atStep, steps } from "./steps";
import { StepSlider } from "./StepSlider";
import { useStep } from "./useStep";

/** The payload `{freq, bins: {min, max, num}}`; null when it is something else. */
function readHistogram(point: DataPoint): Histogram | null {
  const data = point.data as { freq?: unknown; bins?: { min?: unknown; max?: unknown } } | null;
  const low = toNumber(data?.bins?.min);
  const high = toNumber(data?.bins?.max);
  if (!Array.isArray(data?.freq) || low === null || high === null || !(low <= high)) return null;
  return { step: point.step, counts: data.freq.map((value) => toNumber(value) ?? 0), low, high };
}

export function Histograms({ points, name }: { points: readonly DataPoint[]; name: string }) {
  const all = points.map(readHistogram).filter((item) => item !== null);
  const at = steps(all);
  const [step, setStep] = useStep(at);
  const one = atStep(all, step)[0];
  if (!one) return <p class="muted">None of the values can be read as a histogram.</p>;
  // One axis for all steps: bars that move have moved.
  const axis = { low: Math.min(...all.map((item) => item.low)), high: Math.max(...all.map((item) => item.high)) };
  const choose = (share: number) => setStep(all[Math.min(all.length - 1, Math.floor(share * all.length))]?.step ?? null);
  return (
    <>
      <StepSlider steps={at} step={step} set={setStep} />
      <div class="histogram-pair">
        <Canvas label={`${name} at step ${one.step}`} draw={(context, size) => drawBars(context, size, one, axis)} redraw={[one, axis.low, axis.high]} />
        {at.length > 1 && (
          <Canvas
            label={`${name} over all steps`}
            title="Click to choose a step"
            draw={(context, size) => drawHeat(context, size, all, axis, one.step)}
            redraw={[points, one]}
            choose={choose}
          />
        )}
      </div>
      <p class="muted number">
        {formatCount(one.counts.reduce((sum, count) => sum + count, 0))} values from {formatNumber(one.low)} to {formatNumber(one.high)}
        {at.length > 1 && "; beside it all steps, the fuller a bin the stronger its colour"}
      </p>
    </>
  );
}

interface CanvasProps {
  label: string;
  draw(context: CanvasRenderingContext2D, size: Size): void;
  redraw: readonly unknown[];
  title?: string;
  /** What a click does, with its place from 0 to 1 along the axis of steps. */
  choose?(share: number): void;
}

function Canvas({ label, draw, redraw, title, choose }: CanvasProps) {
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
  const click = (event: MouseEvent) => {
    const { left, width } = (event.currentTarget as Element).getBoundingClientRect();
    choose?.(Math.max(0, (event.clientX - left - HEAT_LEFT) / (width - HEAT_LEFT)));
  };
  return (
    <div class={`histogram ${choose ? "chooses" : ""}`} ref={box} title={title} onClick={click}>
      <canvas role="img" aria-label={label} />
    </div>
  );
}
