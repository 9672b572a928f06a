import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { fillUp, noted, unread } from "../src/state/filling";
import { place } from "../src/state/route";

vi.hoisted(() => vi.stubGlobal("location", { pathname: "/", search: "", hash: "" }));

describe("a list that the server is still filling", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    place.value = { project: "mnist", run: null };
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("is asked for again until it is whole, and says how much is missing", async () => {
    const missing = [9000, 9000, 12];
    let asked = 0;
    const load = async () => {
      asked += 1;
      await noted("runs", Promise.resolve({ unread: missing.shift() ?? 0 }));
    };
    await load();
    fillUp(() => void load());
    expect(unread.value).toBe(9000);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked).toBe(4);
    expect(unread.value).toBe(0);
  });

  it("is not mixed up with the list of projects", async () => {
    await noted("projects", Promise.resolve({ unread: 5 }));
    expect(unread.value).toBe(0);
    place.value = { project: null, run: null };
    expect(unread.value).toBe(5);
  });
});
