import { expect, test, vi } from "vitest";
import type { FileRow } from "../src/api/types";
import { artifactsOf, usersOf } from "../src/run/artifacts";
import { treeOf } from "../src/run/folders";

function file(more: Partial<FileRow>): FileRow {
  const usual = { name: "model", type: "ARTIFACT", fileName: "a.abc.bin", fileType: "bin", mime: null, size: 10, step: 1, time: 1000 };
  return { ...usual, caption: "a.bin", sampleIndex: 0, annotations: null, url: JSON.stringify(more), ...more };
}

test("what was logged at once under a name is a version, with its type and aliases", () => {
  const facts = { artifact: { type: "model", metadata: { wandb: { aliases: ["best", "latest"] } } } };
  const files = [
    file({ step: 5, time: 5000, fileName: "b.def.bin", annotations: facts }),
    file({ step: 5, time: 5000, fileName: "c.ghi.bin", caption: "sub/c.bin", size: 5 }),
    file({}),
    file({ step: 9, time: 9000 }),
    file({ name: "picture", type: "IMAGE" }),
  ];
  const [artifact, ...others] = artifactsOf(files);
  expect(others).toEqual([]);
  expect(artifact?.versions.map(({ label, step, size, sameAs }) => [label, step, size, sameAs])).toEqual([
    ["v0", 1, 10, null],
    ["v1", 5, 15, null],
    ["v2", 9, 10, "v0"],
  ]);
  expect(artifact?.versions[1]).toMatchObject({ type: "model", aliases: ["best", "latest"] });
});

test("files stand in the folders of their paths, in the order of names and steps, and folders add up", () => {
  const paths = ["deep/er/x.bin", "y10.bin", "y9.bin", "deep/z.bin", "deep/z.bin"];
  const tree = treeOf(paths.map((caption, index) => file({ caption, step: 9 - index })), ({ caption }) => caption ?? "");
  expect(tree.files.map(({ name }) => name)).toEqual(["y9.bin", "y10.bin"]);
  const deep = tree.folders.get("deep");
  expect([...(deep?.folders.keys() ?? [])]).toEqual(["er"]);
  expect(deep?.files.map((each) => each.file.step)).toEqual([5, 6]);
  expect([deep?.count, deep?.size, tree.count]).toEqual([3, 30, 5]);
});

test("a folder is as it was left, also in the next visit", async () => {
  const kept = new Map<string, string>();
  vi.stubGlobal("localStorage", { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => kept.set(key, value) });
  const { foldsOf } = await import("../src/parts/folds");
  const folds = foldsOf("some");
  expect([folds.isOpen("/a", true), folds.isOpen("/b", false)]).toEqual([true, false]);
  folds.set("/a", false);
  expect([folds.isOpen("/a", true), foldsOf("some").isOpen("/a", true), foldsOf("other").isOpen("/a", true)]).toEqual([false, false, true]);
  kept.set("some", "damaged");
  expect(foldsOf("some").isOpen("/a", true)).toBe(true);
});

test("a version names the runs that used the very files of it, each once", () => {
  const facts = (digest: string) => ({ artifact: { metadata: { wandb: { digest } } } });
  const name = "artifacts/model";
  const [artifact] = artifactsOf([file({ name, annotations: facts("aa") }), file({ name, time: 2000, annotations: facts("bb") })]);
  const run = { id: 7, name: "user", project: "p", status: "COMPLETED" as const };
  const usedBy = [
    { artifact: "model:v3", digest: "bb", run },
    { artifact: "model:v3", digest: "bb", run },
    { artifact: "other:v0", digest: "aa", run },
  ];
  expect(artifact?.versions.map((version) => usersOf(name, version, { uses: [], unread: 0, usedBy }))).toEqual([[], [run]]);
});
