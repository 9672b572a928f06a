import { expect, test } from "vitest";
import { decodeSeries } from "../src/api/frames";
import type { SeriesRequest } from "../src/api/types";
import { seriesAnswer, type StoredSeries } from "../src/export/series";

const REQUEST: SeriesRequest = { runs: [1], names: ["loss"], x: "step", lo: null, hi: null, buckets: 100, since: null };

function packed(...values: number[]): string {
  return btoa(String.fromCharCode(...new Uint8Array(Float64Array.from(values).buffer)));
}

function answer(stored: Partial<StoredSeries>, request: Partial<SeriesRequest> = {}) {
  const whole = { downsampled: false, step: [], time: [], ...stored };
  return decodeSeries(seriesAnswer([{ run: 1, name: "loss", start: 1000, stored: whole }], { ...REQUEST, ...request }))[0];
}

test("plain points are their own minimum and maximum", () => {
  const series = answer({ step: [packed(0, 5), packed(2, NaN)] });
  expect([...(series?.x ?? [])]).toEqual([0, 5]);
  expect([...(series?.min ?? [])]).toEqual([2, NaN]);
  expect([...(series?.flags ?? [])]).toEqual([0, 0]);
});

test("a range takes what lies in it, and relative time begins with the run", () => {
  const time = [packed(1000, 2000, 3000), packed(1, 2, 3)];
  expect([...(answer({ time }, { x: "relative", lo: 500, hi: 1000 })?.mean ?? [])]).toEqual([2]);
  expect([...(answer({ time }, { x: "time", lo: 5000 })?.mean ?? [])]).toEqual([]);
});

test("fewer buckets keep the extremes, the marks and the means", () => {
  const step = [packed(0, 1, 2, 3), packed(1, -9, NaN, 4), packed(1, 9, NaN, 4), packed(1, 0, NaN, 4), packed(0, 0, 1, 0)];
  const series = answer({ step }, { buckets: 2 });
  expect([series?.x, series?.min, series?.max, series?.mean, series?.flags].map((column) => [...(column ?? [])])).toEqual([
    [0, 2],
    [-9, 4],
    [9, 4],
    [0.5, 4],
    [0, 1],
  ]);
});
