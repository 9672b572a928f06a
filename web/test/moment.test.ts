import { describe, expect, test } from "vitest";
import type { ConsoleLine } from "../src/api/types";
import { stepsWithTimes } from "../src/export/series";
import { lineAt } from "../src/run/consoleFind";
import { stepFor } from "../src/run/steps";
import { refined, stepAt, stepBeside, timeAt } from "../src/state/clock";

const clock = { steps: [0, 10, 30], times: [1000, 2000, 4000] };

describe("the clock of a run", () => {
  test.each([
    [0, 1000],
    [10, 2000],
    [20, 3000],
    [31, null],
    [-1, null],
  ])("says when step %s was logged", (step, time) => expect(timeAt(clock, step)).toBe(time));

  test.each([
    [999, null],
    [1000, 0],
    [3999, 10],
    [9000, 30],
  ])("says which step was logged by %s", (time, step) => expect(stepAt(clock, time)).toBe(step));

  test("knows the logged steps beside one, logged or not", () => {
    expect([stepBeside(clock, 10, -1), stepBeside(clock, 10, 1), stepBeside(clock, 11, -1), stepBeside(clock, 30, 1)]).toEqual([0, 30, 10, null]);
  });

  test("gets finer within a span and stays as it is around it", () => {
    const fine = { steps: [10, 12, 14], times: [2000, 2200, 2400] };
    expect(refined(clock, fine)).toEqual({ steps: [0, 10, 12, 14, 30], times: [1000, 2000, 2200, 2400, 4000] });
    expect(refined(clock, { steps: [], times: [] })).toBe(clock);
  });
});

test("a slider stands at the step at or before the wanted one", () => {
  expect([null, 5, 15, -1, Infinity].map((step) => stepFor([0, 10, 20], step))).toEqual([20, 0, 10, 0, 20]);
});

test("the console's line of a moment is the last one printed by then", () => {
  const lines = [10, 20, 20, 30].map((time, index): ConsoleLine => ({ id: index + 1, n: index + 1, time, type: "INFO", text: "" }));
  expect([5, 10, 25, 99].map((time) => lineAt(lines, time))).toEqual([null, 1, 3, 4]);
});

test("an exported series tells its times as the server does", () => {
  const text = (values: number[]) => btoa(String.fromCharCode(...new Uint8Array(new Float64Array(values).buffer)));
  const stored = { downsampled: false, step: [text([7])], time: [text([1_767_225_601_000])] };
  expect(stepsWithTimes(stored)).toEqual([{ step: 7, time: "2026-01-01 00:00:01.000" }]);
});
