// A slider over the steps that hold something.

import { formatCount } from "../format";

interface Props {
  steps: readonly number[];
  step: number;
  /** null means: stay at the newest. */
  set(step: number | null): void;
}

export function StepSlider({ steps, step, set }: Props) {
  if (steps.length < 2) return null;
  const last = steps.length - 1;
  const after = steps.findIndex((item) => item > step);
  const index = after < 0 ? last : Math.max(0, after - 1);
  const move = (to: number) => set(to >= last ? null : (steps[Math.max(0, to)] as number));
  return (
    <div class="toolbar step-slider">
      <button type="button" class="icon" aria-label="Earlier step" disabled={index === 0} onClick={() => move(index - 1)}>
        ‹
      </button>
      <input
        type="range"
        min="0"
        max={last}
        value={index}
        aria-label="Step"
        aria-valuetext={`step ${steps[index]}`}
        onInput={(event) => move(Number(event.currentTarget.value))}
      />
      <button type="button" class="icon" aria-label="Later step" disabled={index === last} onClick={() => move(index + 1)}>
        ›
      </button>
      <output class="number">step {formatCount(steps[index] as number)}</output>
      <span class="muted number">
        {index + 1} of {steps.length}
      </span>
    </div>
  );
}
