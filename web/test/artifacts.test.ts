import { expect, test } from "vitest";
import type { FileRow } from "../src/api/types";
import { artifactsOf, treeOf } from "../src/run/artifacts";

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

test("the files of a version stand in their folders", () => {
  const tree = treeOf([file({ caption: "deep/er/x.bin" }), file({ caption: "y.bin" })]);
  expect(tree.files.map(({ name }) => name)).toEqual(["y.bin"]);
  expect([...(tree.folders.get("deep")?.folders.keys() ?? [])]).toEqual(["er"]);
});
