import { afterEach, describe, expect, it } from "vitest";
import { answerWith } from "../src/api/http";
import { prefetch, release, runChanged, watch, watchedKeys } from "../src/series/store";

/** An answer of one series with one point, in the layout of `api/frames.ts`. */
function frame(run: number, version: number): ArrayBuffer {
  const series = [{ run, name: "loss", n: 1, offset: 0, downsampled: false, version }];
  let header = JSON.stringify({ series });
  header += " ".repeat((8 - ((header.length + 4) % 8)) % 8);
  const body = new Uint8Array(4 + header.length + 5 * 8);
  new DataView(body.buffer).setUint32(0, header.length, true);
  body.set(new TextEncoder().encode(header), 4);
  return body.buffer;
}

const soon = () => new Promise((done) => setTimeout(done, 5));

describe("a series that is being fetched", () => {
  afterEach(() => answerWith(fetch));

  /** Opens a chart, hears of version 2 while the answer is on its way, and counts the requests. */
  async function requestsWhenAnswered(run: number, version: number): Promise<number> {
    let count = 0;
    let answer = (_: Response): void => undefined;
    answerWith(() => {
      count += 1;
      return new Promise((resolve) => (answer = resolve));
    });
    watch({ run, name: "loss", x: "step", lo: null, hi: null, buckets: 600 });
    await soon();
    runChanged(run, 2);
    answer(new Response(frame(run, version)));
    await soon();
    return count;
  }

  it("is not asked for again when the answer has what a tick announced meanwhile", async () => {
    expect(await requestsWhenAnswered(1, 2)).toBe(1);
  });

  it("is asked for again when the tick announced more", async () => {
    expect(await requestsWhenAnswered(2, 1)).toBe(2);
  });
});

describe("a series that was prefetched", () => {
  const key = { run: 3, name: "loss", x: "step", lo: 10, hi: 20, buckets: 600 } as const;
  afterEach(() => answerWith(fetch));

  it("is there when a chart looks at it, and is not asked for again", async () => {
    let count = 0;
    answerWith(() => {
      count += 1;
      return Promise.resolve(new Response(frame(3, 1)));
    });
    await prefetch([key]);
    const entry = watch(key);
    expect(entry.state.value.series?.x.length).toBe(1);
    expect(watchedKeys()).toContainEqual(key);
    await soon();
    expect(count).toBe(1);
    release(entry);
  });

  it("is asked for by the chart when that had failed", async () => {
    const other = { ...key, run: 4 };
    answerWith(() => Promise.reject(new TypeError("away")));
    await prefetch([other]);
    answerWith(() => Promise.resolve(new Response(frame(4, 1))));
    const entry = watch(other);
    await soon();
    expect(entry.state.value.error).toBe(null);
    expect(entry.state.value.series?.x.length).toBe(1);
    release(entry);
  });
});
