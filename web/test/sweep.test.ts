import { expect, test } from "vitest";
import { parametersOf } from "../src/sweep/study";
import { sampleRun } from "./sample";
import { importances, ranks, spearman } from "../src/sweep/importance";

test("equal values share a rank", () => expect(ranks([3, 1, 3, 2])).toEqual([2.5, 0, 2.5, 1]));

test("the rank correlation sees any curve that only goes up, and knows when there is nothing to see", () => {
  expect(spearman([1, 2, 3, 4], [1, 8, 27, 64])).toBeCloseTo(1);
  expect(spearman([1, 2, 3, 4], [0.1, 0.01, 0.001, 0])).toBeCloseTo(-1);
  // by hand: ranks 0 1 2 3 and 0 2 1 3, 1 - 6 * 2 / (4 * 15)
  expect(spearman([1, 2, 3, 4], [1, 3, 2, 4])).toBeCloseTo(0.8);
  expect(spearman([1, 1, 1], [1, 2, 3])).toBeNull();
});

const grid = Array.from({ length: 64 }, (_, index) => ({ lr: index % 8, width: Math.floor(index / 8), optimizer: index % 2 ? "adam" : "sgd" }));
const columns = (keys: (keyof (typeof grid)[number])[]) => new Map(keys.map((key) => [key, grid.map((run) => run[key])]));

test("what decides the result is found, also where the correlation is blind", () => {
  // best in the middle: no rank correlation to speak of
  const found = importances(columns(["lr", "width"]), grid.map(({ lr, width }) => (lr - 3.5) ** 2 + width * 0.01));
  expect(found[0]?.key).toBe("lr");
  expect(found[0]?.share).toBeGreaterThan(0.8);
  expect(Math.abs(found[0]?.correlation ?? 1)).toBeLessThan(0.1);
});

test("words count as well as numbers, and have no correlation", () => {
  const found = importances(columns(["optimizer", "width"]), grid.map(({ optimizer }, index) => (optimizer === "adam" ? 0 : 1) + (index % 5) * 0.01));
  expect(found[0]).toMatchObject({ key: "optimizer", correlation: null });
  expect(found[0]?.share).toBeGreaterThan(0.8);
});

test("parameters that differ come before those that only some runs have; what is the same is none", () => {
  const runs = [sampleRun(1, { config: { only: 1, lr: 0.1, depth: 4 } }), sampleRun(2, { config: { lr: 0.2, depth: 4 } })];
  expect(parametersOf(runs)).toEqual(["lr", "only"]);
});

test("the same runs always give the same answer", () => {
  const results = grid.map(({ lr, width }) => lr * width);
  expect(importances(columns(["lr", "width"]), results)).toEqual(importances(columns(["lr", "width"]), results));
});
