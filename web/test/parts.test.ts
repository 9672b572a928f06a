import { beforeEach, expect, test, vi } from "vitest";

const localStorage = { getItem: () => null, setItem: () => undefined };
vi.stubGlobal("localStorage", localStorage);

const { inParts, leftAlone } = await import("../src/runs/parts");
const { toast } = await import("../src/state/toast");

const runs = Array.from({ length: 450 }, (_, index) => index);

beforeEach(() => (toast.value = null));

test("thousands of runs are worked on in parts, and the reader is told how far it is", async () => {
  const said: string[] = [];
  const changed = await inParts("Deleting", runs, async (part) => {
    said.push(toast.value?.text ?? "");
    return { done: part.filter((run) => run !== 7), refused: part.includes(7) ? [{ run: 7, reason: "it is running" }] : [] };
  });
  expect(changed.done).toEqual(runs.filter((run) => run !== 7));
  expect(said).toEqual(["Deleting: 0 of 450 runs…", "Deleting: 200 of 450 runs…", "Deleting: 400 of 450 runs…"]);
  expect(leftAlone(changed)).toBe(" 1 stays as before: it is running");
});

test("an error half-way leaves the rest as it is, and says so", async () => {
  const changed = await inParts("Deleting", runs, async (part) => {
    if (part.includes(200)) throw new Error("gone");
    return { done: [...part], refused: [] };
  });
  expect(changed.done).toEqual(runs.slice(0, 200));
  expect(changed.refused).toHaveLength(250);
  expect(leftAlone(changed)).toMatch(/^ 250 stay as before: .*gone$/);
});
