import { expect, test } from "vitest";
import { newPanel, placed, readPanels, resized, type Panel } from "../src/panels/model";
import { scaleFor } from "../src/panels/scale";

const panel = (id: string, place: number, changes: Partial<Panel> = {}): Panel => ({ ...newPanel("bar", place), id, y: ["a"], ...changes });

function orderAfter(list: Panel[], id: string, index: number): string {
  const moved = list.find((each) => each.id === id) as Panel;
  const changes = new Map(placed(list, moved, index).map((each) => [each.id, each]));
  const items = Object.fromEntries(list.map((each) => [each.id, changes.get(each.id) ?? each]));
  return readPanels(items)
    .map((each) => each.id)
    .join("");
}

test("a panel goes to any place, and only its own is written anew", () => {
  const list = [panel("a", 1), panel("b", 2), panel("c", 3)];
  expect([0, 1, 2, 9].map((index) => orderAfter(list, "a", index))).toEqual(["abc", "bac", "bca", "bca"]);
  expect(orderAfter(list, "c", 0)).toBe("cab");
  expect(placed(list, list[0] as Panel, 1)).toHaveLength(1);
  expect(placed([panel("a", 1)], panel("a", 1), 0)).toEqual([]);
});

test("panels of two people that have one place are numbered anew", () => {
  const list = [panel("a", 1), panel("b", 1), panel("c", 1)];
  expect(orderAfter(list, "c", 1)).toBe("acb");
});

test("a panel has at least a cell and at most a row, and as much of it on a smaller page", () => {
  const small = panel("a", 1);
  expect(resized(small, 3, { span: 1 })).toMatchObject({ span: 2, wide: false });
  expect(resized(small, 3, { span: 5 })).toMatchObject({ span: 3, wide: true });
  expect(resized(panel("a", 1, { wide: true }), 3, { span: -1 })).toMatchObject({ span: 2, wide: false });
  expect(resized(small, 1, { span: 1 })).toMatchObject({ span: 1, wide: false });
  expect(resized(small, 3, { rows: -3 }).rows).toBe(1);
  expect(resized(small, 3, { rows: 9 }).rows).toBe(4);
});

test("panels of an older version have a size", () => {
  const { span, rows, ...old } = panel("a", 1);
  expect(readPanels({ a: old })[0]).toMatchObject({ span: 1, rows: 1 });
});

test("settings that were tried by their magnitude have a logarithmic axis, results and zeros a linear one", () => {
  const [setting, result] = [{ measured: false }, { measured: true }];
  const rates = [1e-4, 1e-2, 1e-3];
  const { log, place, ticks } = scaleFor(setting, rates);
  expect(log).toBe(true);
  expect(place(1e-3)).toBeCloseTo(0.5);
  expect(ticks.map(({ label }) => label)).toContain("0.001");
  expect(scaleFor(result, rates).log).toBe(false);
  expect(scaleFor(setting, [0, ...rates]).log).toBe(false);
  expect(scaleFor(setting, [16, 32, 64]).log).toBe(false);
  expect(scaleFor(setting, ["adam", "sgd"]).log).toBe(false);
  expect(scaleFor(setting, [...rates, undefined]).log).toBe(true);
});
