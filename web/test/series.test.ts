import { describe, expect, test } from "vitest";
import { decodeSeries } from "../src/api/frames";
import type { Series } from "../src/api/types";
import { pack, type Want } from "../src/series/batch";
import { extend, lowerBound, nearest, withNeighbours } from "../src/series/merge";

function series(x: number[], mean = x, version = 1): Series {
  const column = Float64Array.from(mean);
  return {
    run: 1,
    name: "loss",
    version,
    downsampled: false,
    x: Float64Array.from(x),
    min: column,
    max: column,
    mean: column,
    flags: new Float64Array(x.length),
  };
}

function frame(entries: { run: number; name: string; columns: number[][] }[]): ArrayBuffer {
  let offset = 0;
  const header = entries.map(({ run, name, columns }) => {
    const n = columns[0]?.length ?? 0;
    const entry = { run, name, n, offset, downsampled: true, version: 7 };
    offset += 5 * n * 8;
    return entry;
  });
  let text = JSON.stringify({ series: header });
  const size = () => new TextEncoder().encode(text).length;
  while ((size() + 4) % 8) text += " ";
  const floats = Float64Array.from(entries.flatMap((entry) => entry.columns.flat()));
  const body = new Uint8Array(4 + size() + floats.byteLength);
  new DataView(body.buffer).setUint32(0, size(), true);
  body.set(new TextEncoder().encode(text), 4);
  body.set(new Uint8Array(floats.buffer), 4 + size());
  return body.buffer;
}

describe("decodeSeries", () => {
  test("reads the five columns of every series", () => {
    const body = frame([
      { run: 1, name: "loss", columns: [[0, 10], [1, 2], [3, 4], [2, 3], [0, 1]] },
      { run: 2, name: "a/é", columns: [[5], [6], [7], [8], [4]] },
    ]);
    const [first, second] = decodeSeries(body);
    expect(first).toMatchObject({ run: 1, name: "loss", version: 7, downsampled: true });
    expect([...(first?.max ?? [])]).toEqual([3, 4]);
    expect([...(first?.flags ?? [])]).toEqual([0, 1]);
    expect(second?.name).toBe("a/é");
    expect([...(second?.x ?? [])]).toEqual([5]);
  });

  test("refuses an empty body and one that is cut short", () => {
    expect(() => decodeSeries(new ArrayBuffer(0))).toThrow("empty");
    const body = frame([{ run: 1, name: "loss", columns: [[0, 1], [0, 1], [0, 1], [0, 1], [0, 0]] }]);
    expect(() => decodeSeries(body.slice(0, body.byteLength - 8))).toThrow();
  });
});

describe("extend", () => {
  test("replaces the last bucket and appends what came after it", () => {
    const joined = extend(series([0, 1, 2], [5, 6, 7]), series([2, 3], [70, 80], 2));
    expect([...joined.x]).toEqual([0, 1, 2, 3]);
    expect([...joined.mean]).toEqual([5, 6, 70, 80]);
    expect(joined.version).toBe(2);
  });

  test("keeps everything when nothing is new", () => {
    const joined = extend(series([0, 1]), series([], [], 9));
    expect([...joined.x]).toEqual([0, 1]);
    expect(joined.version).toBe(9);
  });
});

describe("withNeighbours", () => {
  test("lets the line run on to points outside the window, without their range", () => {
    const overview = { ...series([0, 10, 20, 30]), max: Float64Array.from([99, 99, 99, 99]) };
    const joined = withNeighbours(series([12, 14]), overview, [11, 15]);
    expect([...joined.x]).toEqual([10, 12, 14, 20]);
    expect([...joined.max]).toEqual([10, 12, 14, 20]);
  });

  test("crosses a window without any point", () => {
    const joined = withNeighbours(series([]), series([0, 10]), [3, 5]);
    expect([...joined.x]).toEqual([0, 10]);
  });

  test("adds nothing to the overview itself", () => {
    const overview = series([0, 10, 20]);
    expect([...withNeighbours(overview, overview, [5, 15]).x]).toEqual([0, 10, 20]);
  });
});

test("lowerBound and nearest find places in sorted values", () => {
  const values = Float64Array.from([1, 3, 3, 9]);
  expect(lowerBound(values, 3)).toBe(1);
  expect(lowerBound(values, 10)).toBe(4);
  expect(nearest(values, 5)).toBe(2);
  expect(nearest(values, -4)).toBe(0);
  expect(nearest(values, 99)).toBe(3);
  expect(nearest(new Float64Array(0), 1)).toBe(-1);
});

describe("pack", () => {
  const want = (run: number, name: string, more: Partial<Want> = {}): Want => ({
    run,
    name,
    x: "step",
    lo: null,
    hi: null,
    buckets: 600,
    since: null,
    ...more,
  });

  test("puts charts of the same runs into one request", () => {
    const requests = pack([want(1, "a"), want(2, "a"), want(1, "b"), want(2, "b")]);
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({ runs: [1, 2], names: ["a", "b"], since: null });
  });

  test("asks for no series that nobody wants", () => {
    const requests = pack([want(1, "a"), want(2, "b")]);
    const asked = requests.flatMap(({ runs, names }) => runs.flatMap((run) => names.map((name) => `${run}${name}`)));
    expect(asked.sort()).toEqual(["1a", "2b"]);
  });

  test("splits what is too large for one answer", () => {
    const runs = Array.from({ length: 40 }, (_, index) => index);
    const requests = pack(["a", "b", "c"].flatMap((name) => runs.map((run) => want(run, name))));
    expect(requests.map((request) => request.runs.length * request.names.length)).toEqual([80, 40]);
  });

  test("names the oldest version held of a run", () => {
    const [request] = pack([want(1, "a", { lo: 9, since: 5 }), want(1, "b", { lo: 9, since: 4 })]);
    expect(request?.since).toEqual({ 1: 4 });
  });
});
