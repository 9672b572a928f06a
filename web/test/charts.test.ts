import { describe, expect, test, vi } from "vitest";
import type { Series } from "../src/api/types";
import { shifted } from "../src/charts/gestures";
import { readOwn, writeOwn, type OwnLook } from "../src/state/chartOwn";
import { toLine } from "../src/charts/lines";
import { besideX } from "../src/charts/place";
import { nearestLine, readings } from "../src/charts/Tooltip";

// The settings of the view are read from the address.
vi.hoisted(() => vi.stubGlobal("location", { pathname: "/", search: "", hash: "" }));

test("what is settled for one chart is written and read back", () => {
  const looks: OwnLook[] = [
    {},
    { log: true, limits: [0.1, null] },
    { log: false, limits: [-1, 2.5], smooth: 0.6, by: "gaussian" },
    { axis: { kind: "metric", metric: "a,b:c%" }, zoom: [1, 20] },
    { axis: { kind: "step", metric: "" } },
  ];
  for (const look of looks) expect(readOwn(writeOwn(look))).toEqual(look);
  expect(writeOwn({ log: true, limits: [null, null], smooth: undefined })).toBe("log");
});

test("what was damaged in a link is as if it had not been set", () => {
  expect(readOwn("loog,y:2:1,by:magic,smooth:7,zoom:5:5")).toEqual({ smooth: 0.99, limits: undefined, zoom: undefined });
});

test("a window is moved by its own width, on a log axis by its ratio", () => {
  expect(shifted([10, 30], 0.5, false)).toEqual([20, 40]);
  const [low, high] = shifted([1, 100], 0.5, true);
  expect(low).toBeCloseTo(10);
  expect(high).toBeCloseTo(1000);
});

describe("the values beside the crosshair", () => {
  const frame = { left: 300, right: 1280 };
  test.each([
    ["on the wanted side", 800, "left", 588],
    ["on the other side where that is cut off", 400, "left", 412],
    ["on the left of a crosshair at the right end", 1200, "right", 988],
  ] as const)("stand %s", (_, x, wanted, left) => expect(besideX(x, 200, frame, wanted)).toBe(left));

  test("stay on the page where neither side has room", () => {
    expect(besideX(200, 300, { left: 0, right: 390 }, "left")).toBe(4);
    expect(besideX(200, 300, { left: 0, right: 390 }, "right")).toBe(86);
  });
});

test("a line that ended before the crosshair is read at its end, says so, and comes last", () => {
  const line = (run: number, x: number[], value: number) => {
    const points = Float64Array.from(x, () => value);
    const series = { run, name: "loss", x: Float64Array.from(x), mean: points, min: points, max: points, flags: new Uint8Array(x.length) };
    return toLine(series as unknown as Series, { label: `run ${run}`, color: "red", dash: [] }, { kind: "ema", weight: 0 });
  };
  const rows = readings([line(1, [0, 10, 20], 9), line(2, [0, 10, 20, 30, 40], 1), line(3, [0, 20, 40], 2)], 38, "");
  expect(rows.map(({ line: { run }, x, beyond }) => [run, x, beyond])).toEqual([[3, 40, false], [2, 40, false], [1, 20, true]]);
  expect(readings([line(1, [0, 10, 20], 9)], 29, "")[0]?.beyond).toBe(false);
  expect(nearestLine(rows, 9, (value) => value)?.run).toBe(3);
});
