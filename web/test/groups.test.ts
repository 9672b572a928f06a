import { describe, expect, test } from "vitest";
import type { Run, Series } from "../src/api/types";
import { best } from "../src/runs/best";
import { columnFor, sortRuns } from "../src/runs/columns";
import { compileFilter, filterProblem } from "../src/runs/filter";
import { groupRuns, groupText, groupTitle, meanText, sortGroups, statistics } from "../src/runs/groups";
import { against, stepsWithin } from "../src/series/against";
import { spreadOf } from "../src/series/spread";
import { smooth } from "../src/smoothing";
import { sampleRun } from "./sample";

function run(id: number, lr: number, loss: number, more: Partial<Run> = {}): Run {
  return sampleRun(id, { config: { lr, seed: id }, summary: { loss }, metricCount: 1, ...more });
}

const RUNS = [run(3, 0.1, 4), run(2, 0.01, 1), run(1, 0.1, 2)];

describe("groups of runs", () => {
  const groups = groupRuns(RUNS, ["config.lr"], RUNS);

  test("are in the order of their first run, and numbered by the oldest", () => {
    expect(groups.map(({ label, id, runs }) => [label, id, runs.length])).toEqual([
      ["lr 0.1", -1, 2],
      ["lr 0.01", -2, 1],
    ]);
  });

  test("have names that tell near values apart", () => {
    const near = [run(1, 0.00012341, 1), run(2, 0.00012342, 1), run(3, 0.1, 1)];
    expect(groupRuns(near, ["config.lr"], near).map(({ label }) => label)).toEqual(["lr 0.00012341", "lr 0.00012342", "lr 0.1"]);
  });

  test("keep their number when the list is filtered", () => {
    expect(groupRuns([RUNS[1] as Run], ["config.lr"], RUNS)[0]?.id).toBe(-2);
  });

  test("say mean and deviation of a result, and the value that all share of a setting", () => {
    const text = (key: string) => groupText(columnFor(key)!, groups[0]!.runs);
    expect(text("metric.loss")).toBe("3 ± 1.4");
    expect(text("config.lr")).toBe("0.1");
    expect(text("config.seed")).toBe("2 values");
    expect(text("metric.none")).toBe("");
    expect(meanText({ mean: 4800, deviation: 2478.7, count: 4 })).toBe("4800 ± 2479");
  });

  test("are sorted by their means", () => {
    expect(sortGroups(groups, "metric.loss").map((group) => group.label)).toEqual(["lr 0.01", "lr 0.1"]);
  });

  test("say how many values their mean leaves out", () => {
    const [column, runs] = [columnFor("metric.loss")!, ([1, 3, "NaN", "NaN", "Infinity"] as const).map((loss, id) => sampleRun(id, { summary: { loss } }))];
    expect(groupText(column, runs)).toBe("2 ± 1.4 · 2 NaN, 1 ∞");
    expect(groupTitle(column, runs)).toBe("Mean ± standard deviation of 2 of 5 runs");
    expect(groupText(column, runs.slice(2, 3))).toBe("1 NaN");
  });

  test("count no value that is not a number", () => {
    expect(statistics([1, NaN, "3", null, 3])).toEqual({ mean: 2, deviation: Math.SQRT2, count: 2 });
    expect(statistics([NaN])).toBeNull();
  });
});

test("columns of best values and their steps show what was fetched", () => {
  const values = { metric: 4, min: 0.5, max: 9, mean: 3, minstep: 70, maxstep: 1 };
  best.value = new Map([["loss", new Map([[1, values], [3, { ...values, min: 0.1 }]])]]);
  const column = columnFor("minstep.loss")!;
  expect([column.label, column.detail, column.text(RUNS[2]!, 0)]).toEqual(["loss", "step of the min", "70"]);
  expect(sortRuns(RUNS, "min.loss").map(({ id }) => id)).toEqual([3, 1, 2]);
  expect(RUNS.filter(compileFilter("min.loss<0.3")).map(({ id }) => id)).toEqual([3]);
  best.value = new Map();
});

describe("a JSON filter", () => {
  const tagged = [run(1, 0.1, 2, { tags: ["v2"] }), run(2, 0.01, 1, { status: "FAILED" }), run(3, 0.5, 3, { config: {} })];
  const found = (filter: unknown) => tagged.filter(compileFilter(JSON.stringify(filter))).map(({ id }) => id);

  test.each([
    [{ "config.lr": { $gt: 0.05 } }, [1]],
    [{ $or: [{ tags: "v2" }, { state: "crashed" }] }, [1, 2]],
    [{ $not: { status: { $in: ["failed"] } } }, [1, 3]],
    [{ "config.lr": { $ne: 0.1 } }, [2, 3]],
    [{ "config.lr": null }, [3]],
    [{ name: { $regex: "n-[12]" }, "summary_metrics.loss": { $lte: 1 } }, [2]],
    [{ created_at: { $gte: "1970-01-01T00:00:00.002Z" } }, [2, 3]],
  ])("%j", (filter, ids) => expect(found(filter)).toEqual(ids));

  test("that cannot be understood hides nothing and says what is wrong", () => {
    expect(found({ nonsense: 1 })).toEqual([1, 2, 3]);
    expect(filterProblem('{"nonsense":1}')).toContain("nonsense is no field");
    expect(filterProblem('{"name":{"$like":1}}')).toContain("$like is no operator");
    expect(filterProblem('{"name"')).not.toBe("");
    expect(filterProblem("plain words")).toBe("");
  });
});

function series(x: number[], mean: number[], flags = x.map(() => 0)): Series {
  const column = Float64Array.from(mean);
  const all = { x: Float64Array.from(x), min: column, max: column, mean: column, flags: Float64Array.from(flags) };
  return { run: 1, name: "loss", version: 1, downsampled: false, ...all };
}

describe("the spread of several runs", () => {
  test("is mean and standard deviation, with a run that ended early counted until then", () => {
    const { series: drawn, counts } = spreadOf([series([0, 1, 2], [1, 2, 3]), series([0, 1], [3, 4])], -1);
    expect([...drawn.x]).toEqual([0, 1, 2]);
    expect([...drawn.mean]).toEqual([2, 3, 3]);
    expect([...counts]).toEqual([2, 2, 1]);
    expect(drawn.max[0]).toBeCloseTo(2 + Math.SQRT2);
    expect(drawn.min[2]).toBe(3);
  });

  test("goes straight between the points of a run that was logged less often", () => {
    const { series: drawn } = spreadOf([series([0, 1, 2], [0, 0, 0]), series([0, 2], [0, 4])], -1);
    expect([...drawn.mean]).toEqual([0, 1, 2]);
  });

  test("leaves NaN out of the mean and marks it", () => {
    const { series: drawn, counts } = spreadOf([series([0, 1], [1, NaN], [0, 1]), series([0, 1], [3, 5])], -1);
    expect([...drawn.mean]).toEqual([2, 5]);
    expect([...drawn.flags]).toEqual([0, 1]);
    expect([...counts]).toEqual([2, 1]);
  });

  test("keeps the deviation of values far from zero", () => {
    const { series: drawn } = spreadOf([series([0], [1e9]), series([0], [1e9 + 2])], -1);
    expect((drawn.max[0] as number) - (drawn.mean[0] as number)).toBeCloseTo(Math.SQRT2, 6);
  });
});

describe("a metric over another", () => {
  test("takes the other's value at each step, and is sorted by it", () => {
    const joined = against(series([0, 1, 2], [10, 20, 30]), series([0, 2], [5, 1]));
    expect([...joined.x]).toEqual([1, 3, 5]);
    expect([...joined.mean]).toEqual([30, 20, 10]);
  });

  test("leaves out steps at which the other has no value", () => {
    expect([...against(series([0, 5], [1, 2]), series([1, 9], [1, 9])).mean]).toEqual([2]);
  });

  test("fetches the steps in which it has the wanted values", () => {
    const overview = series([0, 10, 20, 30], [0, 1, 2, 3]);
    expect(stepsWithin([overview], [0.9, 1.1])).toEqual([0, 20]);
    expect(stepsWithin([overview], [7, 8])).toBeNull();
  });
});

describe("smoothing", () => {
  const values = Float64Array.from([0, 1, 0, 1, 0, 1]);

  test("by distance is the plain average where points are evenly spaced", () => {
    const x = Float64Array.from([0, 10, 20, 30, 40, 50]);
    const plain = [...smooth(values, 0.6)];
    [...smooth(values, 0.6, x, "time")].forEach((value, index) => expect(value).toBeCloseTo(plain[index] as number));
  });

  test("by distance forgets more over a gap", () => {
    const close = smooth(Float64Array.from([0, 0, 1]), 0.9, Float64Array.from([0, 1, 2]), "time");
    const far = smooth(Float64Array.from([0, 0, 1]), 0.9, Float64Array.from([0, 1, 50]), "time");
    expect(far[2]).toBeGreaterThan(close[2] as number);
  });

  test("by a bell has no lag: it is symmetric about a peak", () => {
    const peak = Float64Array.from({ length: 101 }, (_, index) => (index === 50 ? 1 : 0));
    const x = Float64Array.from(peak, (_, index) => index);
    const drawn = smooth(peak, 0.9, x, "gaussian");
    expect(drawn[48]).toBeCloseTo(drawn[52] as number);
    expect(drawn[50]).toBeGreaterThan(drawn[48] as number);
    expect(drawn[0]).toBe(0);
  });

  test("of whatever kind leaves gaps where there is no number", () => {
    const gap = Float64Array.from([1, NaN, 3]);
    const x = Float64Array.from([0, 1, 2]);
    for (const kind of ["ema", "time", "gaussian"] as const) expect(Number.isNaN(smooth(gap, 0.5, x, kind)[1])).toBe(true);
  });
});
