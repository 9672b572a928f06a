import { describe, expect, test } from "vitest";
import { countTicks, exactLabels, logTicks, roundEnd } from "../src/charts/ticks";
import { withTwins } from "../src/charts/twins";
import { sections } from "../src/charts/sections";
import { padded, yExtent, type Line } from "../src/charts/lines";
import { standOut } from "../src/charts/paint";
import { causeOf, evidenceOf, flatten, reportedCause, restartsOf, timeLeft } from "../src/run/meta";
import { atStep, steps } from "../src/run/steps";
import { rangeOf, shapeOf } from "../src/runs/curveShape";
import { availableColumns, columnFor, defaultColumns, firstOrder, sortRuns } from "../src/runs/columns";
import { tableCsv } from "../src/runs/tableCsv";
import { compileFilter, textMatcher } from "../src/runs/filter";
import { sampleRun as run } from "./sample";

describe("compileFilter", () => {
  const runs = [
    run(1, { name: "resnet-sgd", tags: ["v2"], summary: { "train/loss": 0.2 }, config: { lr: 0.1 } }),
    run(2, { name: "resnet-adam", status: "FAILED", summary: { "train/loss": "NaN" }, config: { lr: 0.001 } }),
    run(3, { name: "vit", notes: "the good one", summary: { "train/loss": 0.4 } }),
  ];
  const found = (text: string) => runs.filter(compileFilter(text)).map((item) => item.id);

  test.each([
    ["", [1, 2, 3]],
    ["resnet", [1, 2]],
    ["RESNET -adam", [1]],
    ["tag:v2", [1]],
    ["status:failed", [2]],
    ["train/loss<0.3", [1]],
    ["config.lr>=1e-2", [1]],
    ["lr=0.001", [2]],
    ["/^vit$/", [3]],
    ["/vit(/", []],
    ["^vit$|-sgd", [1, 3]],
    ["vit(", []],
    ["status:queued,failed", [2]],
    ['notes:"good one"', [3]],
    ["-status:failed train/loss<1", [1, 3]],
  ])("%s", (text, ids) => expect(found(text)).toEqual(ids));
});

test("the table shows what differs first, why runs ended, and what they are tagged last", () => {
  const summary = { "val/loss": 1, "sys/cpu": 2 };
  const runs = [run(1, { config: { depth: 4, lr: 0.1 }, summary }), run(2, { config: { depth: 4, lr: 0.2 }, summary, cause: "SIGTERM" })];
  const keys = ["name", "status", "cause", "created", "duration", "config.lr", "metric.val/loss", "config.depth", "tags"];
  expect(defaultColumns(runs)).toEqual(keys);
  expect(defaultColumns(runs.slice(0, 1))).not.toContain("cause");
});

test.each([
  ["metric.val/loss", "metric.val/loss"],
  ["min.val/perplexity", "min.val/perplexity"],
  ["metric.val/acc", "-metric.val/acc"],
  ["minstep.val/loss", "-minstep.val/loss"],
  ["created", "-created"],
  ["name", "name"],
  ["config.lr", "config.lr"],
])("the first click on %s sorts by %s", (key, order) => expect(firstOrder(key)).toBe(order));

test("the table is saved with exact values, a line a run", () => {
  const runs = [run(1, { name: 'a "b", c', createdAt: 0, config: { layers: [4, 2] }, summary: { loss: 0.123456789 } }), run(2, { name: "d", createdAt: 1 })];
  const columns = ["name", "created", "config.layers", "metric.loss"].map(columnFor).filter((column) => column !== null);
  expect(tableCsv(runs, columns).split("\r\n")).toEqual([
    "id,name,created,config.layers,metric.loss",
    '1,"a ""b"", c",1970-01-01T00:00:00.000Z,"[4,2]",0.123456789',
    "2,d,1970-01-01T00:00:00.001Z,,",
    "",
  ]);
});

test("a run that went on is one that was restarted", () => {
  expect(restartsOf([{ to: "RUNNING" }])).toBe(0);
  expect(restartsOf([{ to: "RUNNING" }, { to: "FAILED" }, { to: "RUNNING" }, { to: "COMPLETED" }])).toBe(1);
});

describe("textMatcher", () => {
  const names = ["train/loss", "train/acc", "val/loss", "train/(raw)"];
  test.each([
    ["train loss", ["train/loss"]],
    ["train/(loss|acc)", ["train/loss", "train/acc"]],
    ["^val", ["val/loss"]],
    ["train/(", ["train/(raw)"]],
    ["(raw)", ["train/(raw)"]],
    ["/^train.loss$/", ["train/loss"]],
  ])("%s", (text, matching) => expect(names.filter(textMatcher(text))).toEqual(matching));
});

test("runs sort by any column, and those without a value stay last both ways", () => {
  const runs = [run(1, { summary: { loss: 3 } }), run(2), run(3, { summary: { loss: 1 } })];
  expect(sortRuns(runs, "metric.loss").map((item) => item.id)).toEqual([3, 1, 2]);
  expect(sortRuns(runs, "-metric.loss").map((item) => item.id)).toEqual([1, 3, 2]);
  expect(sortRuns(runs, "-created").map((item) => item.id)).toEqual([3, 2, 1]);
});

test("differing config comes first among the columns", () => {
  const runs = [run(1, { config: { a: 1, lr: 1 } }), run(2, { config: { a: 1, lr: 2 } })];
  expect(availableColumns(runs).config).toEqual(["config.lr", "config.a"]);
});

test("charts are grouped by prefix, losses first, the machine last", () => {
  const names = ["sys/cpu", "val/acc", "train/acc", "train/loss", "lr", "zeta/x"];
  const found = sections(names, () => true);
  expect(found.map((section) => section.id)).toEqual(["train", "val", "metrics", "zeta", "sys"]);
  expect(found[0]?.names.map((name) => found[0]?.title(name))).toEqual(["loss", "acc"]);
  expect(sections(["train/x", "loss"], () => true)[0]?.id).toBe("metrics");
});

describe("the y axis", () => {
  const line = (min: number[], max: number[]): Line => ({
    run: 1,
    label: "",
    color: "",
    dash: [],
    smoothed: false,
    twins: 1,
    turn: 0,
    counts: null,
    drawn: Float64Array.from(min),
    series: {
      run: 1,
      name: "",
      version: 1,
      downsampled: true,
      x: Float64Array.from(min, (_, index) => index),
      min: Float64Array.from(min),
      max: Float64Array.from(max),
      mean: Float64Array.from(min),
      flags: new Float64Array(min.length),
    },
  });

  test("reaches to the extremes of the buckets, whatever their means", () => {
    expect(yExtent([line([0, 0, NaN], [1, 25, NaN])], [0, 2], false).range).toEqual([0, 25]);
  });

  test("leaves out what is far from everything else when asked to, and counts it", () => {
    const calm = Array.from({ length: 100 }, (_, index) => Math.sin(index));
    const wild = calm.map((value, index) => (index === 50 ? 500 : value));
    const { range, outside } = yExtent([line(wild, wild)], [0, 99], false, true);
    expect(range?.[1]).toBeLessThan(3);
    expect(outside).toBe(1);
    const [low, high] = [Math.min(...calm), Math.max(...calm)];
    expect(yExtent([line(calm, calm)], [0, 99], false, true)).toEqual({ range: [low, high], hidden: 0, outside: 0 });
  });

  test("says how many buckets a log axis cannot show", () => {
    expect(yExtent([line([-1, 0.1, -3], [2, 1, -2])], [0, 2], true)).toEqual({ range: [0.1, 2], hidden: 2, outside: 0 });
  });

  test("are drawn in turn where they cannot be told apart", () => {
    const lines = [line([1, 5, NaN], [1, 5, NaN]), line([1, 2, 3], [1, 2, 3]), line([1, 5.001, NaN], [1, 5.001, NaN])];
    expect(withTwins(lines).map(({ twins, turn }) => [twins, turn])).toEqual([
      [2, 0],
      [1, 0],
      [2, 1],
    ]);
  });

  test("has room around a constant", () => {
    const [low, high] = padded([5, 5], false);
    expect(low < 5 && high > 5).toBe(true);
  });

  test("one value of a million stands out, noise does not", () => {
    const min = Float64Array.from({ length: 100 }, () => 0);
    const max = Float64Array.from({ length: 100 }, (_, index) => (index === 50 ? 25 : 0.2));
    const limit = standOut(min, max, 0, 100);
    expect(limit).toBeLessThan(25);
    expect(limit).toBeGreaterThan(0.2);
  });
});

test.each([
  [0.187, 3.1, [0.2, 0.5, 1, 2]],
  [0.91, 0.97, [0.91, 0.92, 0.93, 0.94, 0.95, 0.96, 0.97]],
  [2e-9, 2e-3, [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3]],
  [1e-30, 1, [1e-30, 1e-25, 1e-20, 1e-15, 1e-10, 1e-5, 1]],
])("a log axis from %d to %d has round ticks", (low, high, ticks) => expect(logTicks(low, high)).toEqual(ticks));

test("an axis of steps ends at a round step if that is next", () => {
  expect([999_999, 299, 1000, 730].map((last) => roundEnd(0, last))).toEqual([1_000_000, 300, 1000, 730]);
});

test("counts have round ticks, and no halves", () => {
  expect([1, 3, 10, 370].map(countTicks)).toEqual([
    [0, 1],
    [0, 1, 2, 3],
    [0, 5, 10],
    [0, 100, 200, 300],
  ]);
});

test("labels of ticks have the digits that the ticks have", () => {
  expect(exactLabels([76.225e9, 76.2275e9])).toEqual(["76.225G", "76.2275G"]);
  expect(exactLabels([0.99951, 0.99952])).toEqual(["0.99951", "0.99952"]);
  expect(exactLabels([0, 0.5, 1])).toEqual(["0", "0.5", "1"]);
});

test("metadata is read whether it is an object or JSON text", () => {
  expect(flatten('{"a":{"b":1},"c":[2]}')).toEqual([
    ["a.b", 1],
    ["c", [2]],
  ]);
  expect(reportedCause({ exception: "OutOfMemoryError", message: "too big" })).toBe("OutOfMemoryError: too big");
  expect(reportedCause({ type: "SystemExit", code: 3 })).toBe("exit code 3");
  expect(reportedCause({ signal: "SIGTERM" })).toBe("SIGTERM");
  expect(reportedCause(null)).toBeNull();
});

test("the end of a dead run is told with its evidence", () => {
  const death = { reason: "out of memory", lastSign: "2026-01-01T00:00:00+00:00", host: "node7", lastLines: ["step 1"], trace: "" };
  expect(causeOf({ cause: "process died", statusMetadata: death })).toBe("process died: out of memory");
  expect(causeOf({ cause: null, statusMetadata: JSON.stringify(death) })).toBe("out of memory");
  expect(causeOf({ cause: null, statusMetadata: null })).toBeNull();
  expect(causeOf({ cause: "MemoryError: full", statusMetadata: { type: "MemoryError", message: "full\nof bits" } })).toBe("MemoryError: full\nof bits");
  expect(evidenceOf(death)).toEqual({ lastSign: Date.UTC(2026, 0, 1), host: "node7", lastLines: ["step 1"], trace: null });
  expect(evidenceOf(null)).toEqual({ lastSign: null, host: null, lastLines: [], trace: null });
});

test("the time left follows from the steps in the config", () => {
  expect(timeLeft({ train: { max_steps: 100 } }, 49, 5000)).toBe(5000);
  expect(timeLeft({ lr: 1 }, 49, 5000)).toBeNull();
});

test("media show the latest step not after the chosen one", () => {
  const items = [{ step: 0 }, { step: 10 }, { step: 10 }, { step: 20 }];
  expect(steps(items)).toEqual([0, 10, 20]);
  expect(atStep(items, 15)).toHaveLength(2);
  expect(atStep(items.slice(1), 5)).toHaveLength(0);
});

describe("the range that all curves of a column share", () => {
  test.each([
    [[0.2, 0.3, 0.4, 1], { low: 0.2, high: 0.4 }],
    [[1, 2, 3, 4, 5, 1e9, NaN, Infinity], { low: 1, high: 5 }],
    [[-1e9, 10, 11, 12, 13], { low: 10, high: 13 }],
    [[7], { low: 7, high: 7 }],
    [[NaN], null],
  ])("of %j", (values, range) => expect(rangeOf(values)).toEqual(range));

  test("leaves curves as they are, cut off at its edges, with a mark for an end beyond", () => {
    const curve = (...mean: number[]) => ({ x: Float64Array.from(mean.keys()), mean: Float64Array.from(mean), min: Float64Array.from(mean), max: Float64Array.from(mean) });
    const heights = (values: number[], range: { low: number; high: number } | null) =>
      [...(shapeOf(curve(...values), range)?.line ?? "").matchAll(/ ([\d.]+)/g)].filter((_, at) => at % 4 === 0).map(([, y]) => Number(y));
    const range = { low: 0, high: 10 };
    expect(heights([0, 5, 10], range)).toEqual([18, 10, 2]);
    expect(heights([5, 5], range)).toEqual([10, 10]);
    expect(heights([5, 1000], range)).toEqual([10, 2]);
    expect(heights([5, 1000], null)).toEqual([18, 2]);
    expect([5, 11, -1].map((last) => shapeOf(curve(5, last), range)?.beyond !== "")).toEqual([false, true, true]);
    expect(heights([3, 4, 2], { low: 3, high: 3 })).toEqual([10, 2, 18]);
  });
});
