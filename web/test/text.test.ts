import { describe, expect, test } from "vitest";
import { formatBytes, formatCount, formatDuration, formatNumber, formatValue, toNumber } from "../src/format";
import { smooth } from "../src/smoothing";

test("numbers are short, and what is not finite has a word", () => {
  const cases: [number, string][] = [
    [0, "0"],
    [0.123456, "0.1235"],
    [12.3456, "12.35"],
    [9999, "9999"],
    [12_400, "12.4k"],
    [1_234_567, "1.235M"],
    [-0.5, "−0.5"],
    [0.00001234, "1.23e-5"],
    [NaN, "NaN"],
    [-Infinity, "−∞"],
  ];
  for (const [value, text] of cases) expect(formatNumber(value)).toBe(text);
});

test("durations, sizes and counts read as a person says them", () => {
  expect([0, 850, 1500, 65_000, 4_320_000, 273_600_000].map(formatDuration)).toEqual([
    "0",
    "850 ms",
    "1.5 s",
    "1 min 5 s",
    "1 h 12 min",
    "3 d 4 h",
  ]);
  expect([0, 12, 999_950, 3_200_000_000].map((size) => formatBytes(size))).toEqual(["0 B", "12 B", "1 MB", "3.2 GB"]);
  expect(formatCount(41_200)).toBe("41,200");
});

test("values of a config are one line each", () => {
  expect([3, 1e-4, "adam", [1, 2], true, null].map(formatValue)).toEqual(["3", "0.0001", "adam", "[1,2]", "true", ""]);
});

test("JSON's words for non-finite numbers are numbers again", () => {
  expect(["NaN", "Infinity", "-Infinity", 2, "text", null].map(toNumber)).toEqual([NaN, Infinity, -Infinity, 2, null, null]);
});

describe("smooth", () => {
  test("keeps the line at weight 0 and a constant at any weight", () => {
    expect([...smooth(Float64Array.from([1, 5, 2]), 0)]).toEqual([1, 5, 2]);
    for (const value of smooth(Float64Array.from([3, 3, 3]), 0.9)) expect(value).toBeCloseTo(3);
  });

  test("passes over what is not finite", () => {
    const [first, second, third] = smooth(Float64Array.from([2, NaN, 2]), 0.5);
    expect([first, second, third]).toEqual([2, NaN, 2]);
  });
});
