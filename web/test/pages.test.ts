import { describe, expect, test } from "vitest";
import type { FileRow, Run } from "../src/api/types";
import { change, parts } from "../src/compare/differences";
import { flowOf, openedFor, openedUpTo } from "../src/graph/flow";
import { layered } from "../src/graph/layers";
import { drawingOf } from "../src/graph/layout";
import { readLogged } from "../src/graph/logged";
import { scopesOf } from "../src/graph/scopes";
import { matching, readGraph, type Part } from "../src/graph/tree";
import { classColor, classesOf, classOf, readAnnotations } from "../src/media/annotations";
import { axisOf, placeOn, readFigure } from "../src/media/figure";
import { asFigure, asPoints, kindOf } from "../src/media/kinds";
import { readInline, readMarkdown } from "../src/parts/readMarkdown";
import { readDiff } from "../src/run/diff";

function run(id: number, config: Record<string, unknown>, summary: Run["summary"]): Run {
  const times = { createdAt: id, updatedAt: id, durationMs: 5 };
  const words = { displayId: `R-${id}`, name: `run-${id}`, project: "p", cause: null, tags: [], notes: null };
  return { id, status: "COMPLETED", ...words, ...times, config, summary, metricCount: 0 };
}

function file(more: Partial<FileRow>): FileRow {
  const place = { step: 0, time: 0, sampleIndex: 0, caption: null, annotations: null };
  return { name: "n", type: "FILE", fileName: "f", fileType: "bin", mime: null, size: 1, url: "/f", ...place, ...more };
}

describe("what differs between runs", () => {
  const [, config, summary] = parts([run(1, { lr: 1, a: [1] }, { loss: "NaN" }), run(2, { a: [1], b: null }, { loss: "NaN" })], 0);

  test("a key that one run lacks differs, equal lists do not", () => {
    const rows = config?.rows.map(({ key, differs }) => [key, differs]);
    expect(rows).toEqual([["a", false], ["b", true], ["lr", true]]);
  });

  test("NaN is the same as NaN", () => expect(summary?.rows[0]).toMatchObject({ key: "loss", differs: false }));

  test.each([
    [1.5, 1, "+50 %"],
    [-1, -2, "+50 %"],
    [2, 0, "+2"],
    [1, 1, ""],
    ["a", 1, ""],
    [NaN, 1, ""],
  ])("%s against %s", (value, base, text) => expect(change(value, base)).toBe(text));
});

describe("Markdown", () => {
  test("blocks", () => {
    const kinds = readMarkdown("# H\ntext\nmore\n\n- a\n  - [x] b\n\n> q\n\n```\n**no**\n```\n---\n1. one").map((block) => block.kind);
    expect(kinds).toEqual(["heading", "paragraph", "list", "quote", "code", "rule", "list"]);
  });

  test.each(["[x](javascript:alert(1))", "<img src=x onerror=alert(1)>", "[x](data:text/html,y)", "a * b * c", "snake_case_name"])(
    "%s stays text",
    (text) => expect(readInline(text)).toEqual([{ kind: "text", text }]),
  );

  test("a link ends before the full stop", () => {
    expect(readInline("see https://a.example/b.")).toEqual([
      { kind: "text", text: "see " },
      { kind: "link", text: "https://a.example/b", href: "https://a.example/b" },
      { kind: "text", text: "." },
    ]);
  });
});

test("a table in a note has its head, its sides and its rows; a bar alone makes none", () => {
  const [before, table, after] = readMarkdown("as | text\n\n| lr | a\\|b |\n|:--|--:|\n| 0.1 | **1** |\n| 0.2 |\nend");
  const text = (words: string) => [{ kind: "text", text: words }];
  expect([before?.kind, after?.kind]).toEqual(["paragraph", "paragraph"]);
  expect(table).toEqual({
    kind: "table",
    head: [text("lr"), text("a|b")],
    sides: ["left", "right"],
    rows: [[text("0.1"), [{ kind: "strong", inner: text("1") }]], [text("0.2"), []]],
  });
});

describe("a model's graph", () => {
  const nodes = {
    Net: { type: "Net", depth: 0, node_id: "n0" },
    "body.0": { type: "Linear", node_id: "n2", order: 1, params: { weight: [2, 3] }, edges: [["n3", "n2"]], args: [[4, 3]] },
    body: { type: "Sequential", node_id: "n1" },
    head: { type: "Linear", node_id: "n3", order: 0, params: { bias: [2] } },
  };

  test("is a tree in the order of the calls, with sums of parameters", () => {
    const [root] = readGraph({ nodes }) ?? [];
    expect(root).toMatchObject({ name: "Net", parameters: 8 });
    expect(root?.parts.map((part) => [part.name, part.parameters])).toEqual([["head", 2], ["body", 6]]);
    expect(root?.parts[1]?.parts[0]).toMatchObject({ name: "0", sources: ["head"], inputs: ["4×3"] });
    expect(matching(root as NonNullable<typeof root>, (text) => text.startsWith("body.0"))?.parts.map((part) => part.name)).toEqual(["body"]);
  });

  test("is drawn from the outside in, an edge between the boxes that stand for its ends", () => {
    const roots = readGraph({ nodes }) ?? [];
    const drawn = (opened: ReadonlySet<string>, recorded: boolean) => {
      const { boxes, edges } = flowOf(roots, opened, recorded);
      return [boxes.map(({ part }) => part.path), edges.map((ends) => ends.map((at) => boxes[at]?.part.path))];
    };
    expect(drawn(new Set(), true)).toEqual([["Net"], []]);
    expect([...openedUpTo(roots, 3)]).toEqual(["Net"]);
    expect(drawn(openedUpTo(roots, 3), true)).toEqual([["Net", "head", "body"], [["head", "body"]]]);
    expect(drawn(openedUpTo(roots, 9), true)).toEqual([["Net", "head", "body", "body.0"], [["head", "body"]]]);
    expect(drawn(openedUpTo(roots, 3), false)).toEqual([["Net", "head", "body"], [["head", "body"]]]);
    const drawing = drawingOf(flowOf(roots, openedUpTo(roots, 9), true));
    const [net, head, body, inner] = drawing.boxes;
    expect(drawing.edges).toMatchObject([{ from: 1, to: 2 }]);
    expect(net?.height).toBeGreaterThan((head?.height ?? 0) + (body?.height ?? 0));
    expect(body?.y).toBeGreaterThan(head?.y ?? Infinity);
    expect(Math.abs((inner?.y ?? 0) - (body?.y ?? 0))).toBeLessThan((body?.height ?? 0) / 2);
  });

  test.each([null, {}, { nodes: {} }, "text", { nodes: [] }])("%j is none", (graph) => expect(readGraph(graph)).toBeNull());
});

describe("media", () => {
  test.each([
    [{ type: "VIDEO", mime: "image/gif" }, "image"],
    [{ type: "VIDEO", mime: "video/mp4" }, "video"],
    [{ mime: "text/html" }, "html"],
    [{ mime: "application/json", size: 1e9 }, null],
    [{ type: "ARTIFACT", mime: "application/json" }, null],
    [{ type: "IMAGE", fileType: "mask" }, null],
  ])("%j", (row, kind) => expect(kindOf(file(row))).toBe(kind));

  test("boxes by corners, by their middle, in pixels or fractions; broken ones are left out", () => {
    const box_data = [
      { position: { minX: 1, minY: 2, maxX: 4, maxY: 6 }, class_id: 1, domain: "pixel", scores: { p: 0.5 } },
      { position: { middle: [0.5, 0.5], width: 0.2, height: 0.4 }, class_id: 2 },
      { position: {} },
      null,
    ];
    const annotations = { boxes: { found: { box_data, class_labels: { 1: "cat" } } }, masks: { m: { fileName: "m.png", class_labels: { 1: "sky" } } } };
    const { boxes } = readAnnotations(file({ annotations }));
    expect(boxes.map((box) => [box.label, box.fraction, box.score])).toEqual([["cat", false, 0.5], ["2", true, null]]);
    expect(boxes[0]?.place).toEqual([1, 2, 3, 4]);
    expect(boxes[1]?.place.map((value) => Number(value.toFixed(3)))).toEqual([0.4, 0.3, 0.2, 0.4]);
    expect(classesOf([file({ annotations })])).toEqual(["2", "cat", "sky"]);
    expect(readAnnotations(file({ annotations: "text" }))).toEqual({ boxes: [], masks: [] });
  });

  test("a class that truth and prediction share is two, each with a colour of its own", () => {
    const mask = (fileName: string, label: string) => ({ fileName, class_labels: { 1: label } });
    const classes = classesOf([file({ annotations: { masks: { truth: mask("t.png", "cell"), guess: mask("g.png", "cell"), sky: mask("s.png", "sky") } } })]);
    expect(classes).toEqual(["guess: cell", "sky", "truth: cell"]);
    expect(classOf(classes, "truth", "cell")).toBe("truth: cell");
    expect(classOf(classes, "sky", "sky")).toBe("sky");
    expect(classColor(classes, "truth: cell")).not.toBe(classColor(classes, "guess: cell"));
  });

  test("points and figures are told apart from other JSON", () => {
    expect(asPoints([[1, 2, 3]])).toHaveLength(1);
    expect(asPoints([[1, 2]])).toBeNull();
    expect(asFigure({ data: [{ y: [1] }], layout: {} })?.data).toHaveLength(1);
    expect(asFigure([])).toBeNull();
  });

  test("a figure says what it cannot draw", () => {
    const drawing = readFigure({ data: [{ type: "sankey" }, { y: [1, 2] }], layout: { title: "<b>t</b>" } });
    expect(drawing).toMatchObject({ title: "t", unknown: ["sankey"] });
    expect(drawing.traces[0]).toMatchObject({ kind: "line", x: [0, 1] });
  });

  test("an axis of names gives each its place", () => {
    expect(placeOn(axisOf(["a", "b"], false), "b")).toBe(0.75);
    expect(placeOn(axisOf([2, 4], true), 1)).toBe(0.25);
    expect(placeOn(axisOf([3, 3], false), 3)).toBe(0.5);
  });
});

test("a diff is read by file, and a removed line that begins with dashes is one", () => {
  const text = "diff --git a/x.sql b/x.sql\nindex 1..2\n--- a/x.sql\n+++ b/x.sql\n@@ -1 +1 @@\n--- comment\n+++ more\n same\ndiff --git a/a b/b\nrename from a";
  expect(readDiff(text).map(({ name, added, removed }) => [name, added, removed])).toEqual([["x.sql", 1, 1], ["a → b", 0, 0]]);
});

describe("a large graph", () => {
  const count = 1500;
  const chain = Array.from({ length: count - 1 }, (_, at) => [Math.max(0, at - (at % 5)), at + 1] as [number, number]);

  test("is laid out in rows, every edge downwards, no box over another, its parts within", () => {
    const sizes = Array.from({ length: count }, (_, at) => ({ width: 60 + (at % 7) * 10, height: 42 }));
    const { places, width, height } = layered(sizes, chain);
    for (const [from, to] of chain) expect(places[to]?.y).toBeGreaterThan(places[from]?.y ?? Infinity);
    const rows = new Map<number, { left: number; right: number }[]>();
    places.forEach(({ x, y }, at) => {
      const half = (sizes[at]?.width ?? 0) / 2;
      expect(x - half).toBeGreaterThanOrEqual(-0.001);
      expect(x + half).toBeLessThanOrEqual(width + 0.001);
      expect(y).toBeLessThan(height);
      rows.set(y, [...(rows.get(y) ?? []), { left: x - half, right: x + half }]);
    });
    for (const row of rows.values()) {
      row.sort((a, b) => a.left - b.left);
      row.slice(1).forEach(({ left }, at) => expect(left).toBeGreaterThan(row[at]?.right ?? Infinity));
    }
  });

  test("with circles and boxes without edges is laid out too, and a wide one is broken into rows", () => {
    const sizes = Array.from({ length: 400 }, () => ({ width: 50, height: 40 }));
    const { places, width } = layered(sizes, [[0, 1], [1, 2], [2, 0], [3, 3], ...Array.from({ length: 300 }, (_, at) => [4, at + 5] as [number, number])]);
    expect(places.every(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))).toBe(true);
    expect(width).toBeLessThan(20 * 80);
  });

  test("folds into scopes by its names", () => {
    const names = ["model/encoder/0/conv", "model/encoder/0/norm", "model/encoder/1.weight", "loss", "loss::mean", ".odd", "end/"];
    const { nodes } = readLogged({ nodes: Object.fromEntries(names.map((name) => [name, {}])), edges: [] }) ?? { nodes: [] };
    const told = (parts: readonly Part[]): unknown => parts.map((part) => (part.parts.length ? { [part.name]: told(part.parts) } : part.name));
    expect(told(scopesOf(nodes))).toEqual([
      { "model/encoder": [{ "0": ["conv", "norm"] }, { "1": ["weight"] }] },
      { loss: ["mean"] },
      ".odd",
      "end/",
    ]);
  });

  test("an edge of a node to itself is drawn beside it, not one within a folded scope", () => {
    const edges = [{ source: "a/x", target: "a/x" }, { source: "a/x", target: "a/y" }, { source: "b", target: "b" }];
    const { nodes } = readLogged({ nodes: { "a/x": {}, "a/y": {}, b: {} }, edges }) ?? { nodes: [] };
    const roots = scopesOf(nodes);
    const folded = drawingOf(flowOf(roots, new Set(), true));
    expect(folded.edges.map(({ from, to }) => [from, to])).toEqual([[1, 1]]);
    const open = drawingOf(flowOf(roots, new Set(["a"]), true));
    const loop = open.edges.find(({ from, to }) => from === 1 && to === 1);
    const box = open.boxes[1];
    expect(loop?.points.every(({ x }) => x >= (box?.x ?? 0) + (box?.width ?? 0) / 2)).toBe(true);
    expect(openedFor(roots, "a/y")).toEqual(["a"]);
  });
});
