import { expect, test, vi } from "vitest";
import { shifted } from "../src/charts/gestures";
import { readOwn, writeOwn, type OwnLook } from "../src/state/chartOwn";

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
