import { expect, test } from "vitest";
import { matching, type Command } from "../src/app/matching";

function place(kind: Command["kind"], name: string, detail = "") {
  return { kind, name, detail };
}

const PLACES = [
  place("tab", "Charts"),
  place("run", "wide-resnet", "failed · baseline"),
  place("run", "resnet", "completed"),
  place("chart", "train/loss"),
];

const names = (text: string) => matching(PLACES, text).map(({ name }) => name);

test("everything is offered while nothing is typed", () => {
  expect(names(" ")).toHaveLength(PLACES.length);
});

test("names that begin with the text come first", () => {
  expect(names("RES")).toEqual(["resnet", "wide-resnet"]);
});

test("every word has to be somewhere, in the kind, the name or the details", () => {
  expect(names("run failed")).toEqual(["wide-resnet"]);
  expect(names("chart loss")).toEqual(["train/loss"]);
  expect(names("chart resnet")).toEqual([]);
});
