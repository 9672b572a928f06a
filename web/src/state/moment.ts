// The moment that all tabs of a run's page show: where the crosshair is pinned, as a step and as a time.

import { computed, effect, signal, untracked } from "@preact/signals";
import { fetchStepTimes, type StepTimes } from "../api/client";
import { asApiError, type ApiError } from "../api/http";
import type { NameInfo, RunAnswer } from "../api/types";
import { runDetail } from "./catalog";
import { refined, stepAt, stepBeside, timeAt, type Clock } from "./clock";
import { place, setQuery, type Param } from "./route";
import { isOnMainAxis, mark, timeMark, xAxis } from "./view";

export interface Moment {
  /** The last step logged by then; null while unknown. */
  step: number | null;
  /** In ms since 1970; null while unknown, and for a step that the run has not logged. */
  time: number | null;
}

/** Of the run whose page it is; null elsewhere. */
export const clock = signal<Clock | null>(null);

/** Why the times of the run's steps are unknown, if so. */
export const clockError = signal<ApiError | null>(null);

export const moment = computed<Moment | null>(() => {
  const { kind } = xAxis.value;
  const [pinned, since] = [mark.value, timeMark.value];
  if (pinned !== null && kind === "step") return { step: pinned, time: clock.value && timeAt(clock.value, pinned) };
  if (pinned !== null && kind === "time") return ofTime(pinned);
  const elapsed = kind === "relative" ? pinned : since;
  if (elapsed !== null) return ofTime(clock.value && clock.value.start + elapsed);
  return null;
});

function ofTime(time: number | null): Moment {
  return { time, step: clock.value && time !== null ? stepAt(clock.value, time) : null };
}

type Mark = Pick<Param<number | null>, "value" | "set">;

/** Where the crosshair is pinned in charts like that of this metric. */
export function markFor(name: string): Mark {
  const main = isOnMainAxis(name);
  const set = (x: number | null) => pin(main ? "mark" : "tmark", x);
  if (main) return { value: mark.value ?? (xAxis.value.kind === "step" ? (moment.value?.step ?? null) : null), set };
  const time = moment.value?.time ?? null;
  return { value: timeMark.value ?? (time !== null && clock.value ? time - clock.value.start : null), set };
}

/** On a run's page both marks are one moment, so one takes the place of the other; a step chosen in a tab goes too. */
function pin(key: "mark" | "tmark", x: number | null): void {
  const others = place.peek().run === null ? {} : { mark: "", tmark: "", at: "" };
  setQuery({ ...others, [key]: x === null ? "" : String(x) });
}

export function isMarked(): boolean {
  return mark.peek() !== null || timeMark.peek() !== null;
}

export function unmark(): void {
  setQuery({ mark: "", tmark: "" });
}

/** The step that `moveMoment` would go to. */
export function stepBesideMoment(by: 1 | -1): number | null {
  const step = moment.value?.step ?? null;
  return step === null || !clock.value ? null : stepBeside(clock.value, step, by);
}

/** Moves the pinned moment to the previous (-1) or next (1) logged step. */
export function moveMoment(by: 1 | -1): void {
  const step = stepBesideMoment(by);
  const here = clock.peek();
  if (step === null || !here) return;
  const { kind } = xAxis.peek();
  const time = timeAt(here, step) as number;
  if (kind === "step") pin("mark", step);
  else if (kind === "metric") pin("tmark", time - here.start);
  else pin("mark", kind === "time" ? time : time - here.start);
}

/** Points fetched of the whole run, and around the moment where those lie apart. */
const COARSE = 2000;
const FINE = 4000;

interface Overview extends StepTimes {
  about: string;
  count: number;
}

/** Fetches when the steps of the run were logged, as soon as a moment of it is pinned. */
export function startClock(): void {
  let overview: Overview | null = null;
  let turn = 0;
  effect(() => {
    const answer = runDetail.state.value.data;
    const mine = ++turn;
    if (!answer || answer.run.id !== place.value.run) return void (clock.value = clockError.value = null);
    if (mark.value === null && timeMark.value === null) return;
    const info = densest(answer.names);
    untracked(() => {
      if (clock.peek()?.run !== answer.run.id) clock.value = emptyClock(answer);
      if (!info) return;
      overviewOf(answer, info, overview)
        .then(async (whole) => {
          overview = whole;
          const found = await around(answer, info, whole);
          if (mine !== turn) return;
          clockError.value = null;
          clock.value = { ...emptyClock(answer), ...found };
        })
        .catch((error: unknown) => {
          if (mine === turn) clockError.value = asApiError(error);
        });
    });
  });
}

function emptyClock({ run }: RunAnswer): Clock {
  return { run: run.id, start: run.createdAt, steps: [], times: [] };
}

/** The metric logged most often: its steps are the run's. */
function densest(names: readonly NameInfo[]): NameInfo | undefined {
  const own = names.filter((info) => info.type === "METRIC" && !info.name.startsWith("sys/"));
  return own.reduce<NameInfo | undefined>((most, info) => (info.count > (most?.count ?? 0) ? info : most), undefined);
}

/** The held one, unless the run has gone on beyond it and the moment with it. */
async function overviewOf({ run }: RunAnswer, info: NameInfo, held: Overview | null): Promise<Overview> {
  const about = `${run.id}|${info.name}`;
  if (held?.about === about && (held.count === info.count || isWithin(held, run.createdAt))) return held;
  return { about, count: info.count, ...(await fetchStepTimes(run, info.name, COARSE)) };
}

function isWithin({ steps, times }: StepTimes, start: number): boolean {
  const { step, time } = wanted(start);
  return step === null ? time < (times[times.length - 1] ?? -Infinity) : step < (steps[steps.length - 1] ?? -Infinity);
}

/** The moment as the address has it. */
function wanted(start: number): { step: number | null; time: number } {
  const { kind } = xAxis.peek();
  const pinned = mark.peek();
  if (kind === "step" && pinned !== null) return { step: pinned, time: NaN };
  if (kind === "time" && pinned !== null) return { step: null, time: pinned };
  return { step: null, time: start + ((kind === "relative" ? pinned : timeMark.peek()) ?? NaN) };
}

async function around({ run }: RunAnswer, info: NameInfo, whole: Overview): Promise<StepTimes> {
  if (whole.count <= whole.steps.length) return whole;
  const { step, time } = wanted(run.createdAt);
  const near = step ?? stepAt(whole, time) ?? whole.steps[0] ?? 0;
  const place = whole.steps.findLastIndex((each) => each <= near);
  // As far as one answer reaches: whoever holds an arrow key down goes faster than answers come.
  const far = Math.max(2, Math.floor((FINE * whole.steps.length) / whole.count / 2) - 1);
  const first = whole.steps[Math.max(0, place - far)] as number;
  const last = whole.steps[Math.min(whole.steps.length - 1, place + far)] as number;
  return refined(whole, await fetchStepTimes(run, info.name, FINE, [first, last]));
}
