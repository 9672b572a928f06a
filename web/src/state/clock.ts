// Which step of a run was logged when.

import type { StepTimes } from "../api/client";

export interface Clock extends StepTimes {
  run: number;
  /** When the run was created, in ms since 1970. */
  start: number;
}

/** When a step was logged, between two logged ones in proportion; null outside of the logged steps. */
export function timeAt({ steps, times }: StepTimes, step: number): number | null {
  const after = steps.findIndex((each) => each >= step);
  if (after < 0) return null;
  const [high, end] = [steps[after] as number, times[after] as number];
  if (high === step) return end;
  if (after === 0) return null;
  const [low, begin] = [steps[after - 1] as number, times[after - 1] as number];
  return begin + ((step - low) / (high - low)) * (end - begin);
}

/** The last step logged at or before a time; null where nothing was logged by then. */
export function stepAt({ steps, times }: StepTimes, time: number): number | null {
  return steps[times.findLastIndex((each) => each <= time)] ?? null;
}

/** The logged step next to one, before (-1) or after it (1); null where there is none. */
export function stepBeside({ steps }: StepTimes, step: number, by: 1 | -1): number | null {
  return (by > 0 ? steps.find((each) => each > step) : steps.findLast((each) => each < step)) ?? null;
}

/** The steps of a span replaced by finer ones. */
export function refined(whole: StepTimes, fine: StepTimes): StepTimes {
  const [first, last] = [fine.steps[0], fine.steps[fine.steps.length - 1]];
  if (first === undefined || last === undefined) return whole;
  const before = whole.steps.filter((step) => step < first).length;
  const after = whole.steps.filter((step) => step <= last).length;
  return {
    steps: [...whole.steps.slice(0, before), ...fine.steps, ...whole.steps.slice(after)],
    times: [...whole.times.slice(0, before), ...fine.times, ...whole.times.slice(after)],
  };
}
