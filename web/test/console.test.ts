import { describe, expect, test } from "vitest";
import type { ConsoleLine } from "../src/api/types";
import { pieces, plain } from "../src/run/ansi";
import { contrast, paintedAs } from "../src/run/ansiStyle";
import { hits, isProgress, kept, matching, nextMatch, ranksOf } from "../src/run/consoleFind";

const E = "\u001b";

function look(codes: string) {
  return pieces(`${E}[${codes}mx`)[0]?.look;
}

describe("pieces", () => {
  test("have looks, and other escapes are dropped", () => {
    expect(pieces(`${E}[2K${E}[1;32mok${E}[0m done${E}]0;title\u0007`)).toEqual([
      { text: "ok", look: { bold: true, color: 2 } },
      { text: " done", look: {} },
    ]);
  });

  test("show of an overwritten line what a terminal shows", () => {
    expect(pieces("10%\r50%\r100%\r")).toEqual([{ text: "100%", look: {} }]);
  });

  test("have the 256 colours of xterm and 24 bit colours, as text and as ground", () => {
    expect(look("38;5;9")).toEqual({ color: 1 });
    expect(look("38;5;208")).toEqual({ color: [255, 135, 0] });
    expect(look("48;5;232")).toEqual({ ground: [8, 8, 8] });
    expect(look("38;5;255")).toEqual({ color: [238, 238, 238] });
    expect(look("38;2;10;20;30;48;2;1;2;3;4")).toEqual({ color: [10, 20, 30], ground: [1, 2, 3], underline: true });
    expect(look("38:2::10:20:30;1")).toEqual({ color: [10, 20, 30], bold: true });
  });

  test("take numbers behind 38 for no codes of their own, whatever they are", () => {
    expect(look("38;5;1;3")).toEqual({ color: 1, italic: true });
    expect(look("38;2;999;0;0;3")).toEqual({ color: undefined, italic: true });
    expect(look("38;5")).toEqual({ color: undefined });
  });

  test("are struck, inverse and dim until that is taken back", () => {
    expect(look("2;3;7;9")).toEqual({ dim: true, italic: true, inverse: true, struck: true });
    expect(pieces(`${E}[1;31;44m${E}[22;39;49mx`)[0]?.look).toEqual({ bold: false, dim: false });
  });
});

describe("painting", () => {
  test("leaves named colours to the theme", () => {
    expect(paintedAs({ color: 1, bold: true }, "dark")).toEqual({ class: "ansi-red bold" });
  });

  test("keeps every colour readable in both themes, on its ground or on that of the console", () => {
    const grounds = { light: [238, 241, 245], dark: [36, 42, 51] } as const;
    const rgb = (text = "") => text.match(/[0-9.]+/g)?.map(Number) as [number, number, number];
    for (const theme of ["light", "dark"] as const) {
      for (let index = 0; index < 256; index += 1) {
        const [color] = pieces(`${E}[38;5;${index};48;5;${(index * 7) % 256}mx`);
        const both = paintedAs(color?.look ?? {}, theme).style;
        expect(contrast(rgb(both?.color), rgb(both?.background))).toBeGreaterThan(4.45);
        const alone = paintedAs({ color: [index, 255 - index, (index * 5) % 256] }, theme).style;
        expect(contrast(rgb(alone?.color), grounds[theme])).toBeGreaterThan(4.45);
      }
    }
  });

  test("changes the places of text and ground where it is inverse", () => {
    const { style } = paintedAs({ inverse: true }, "light");
    expect(style).toEqual({ color: "rgb(238 241 245)", background: "rgb(27 31 38)" });
  });
});

describe("finding", () => {
  const line = (id: number, text: string, type = "INFO"): ConsoleLine => ({ id, n: id, time: 0, type, text });
  const lines = [line(1, "[rank0] loss 1"), line(2, `[rank10] ${E}[31mLo${E}[0mss 2`, "ERROR"), line(3, "bare loss"), line(4, "[rank2] end")];

  test("knows ranks in the order of their numbers, and keeps to one of them or to a level", () => {
    expect(ranksOf(lines)).toEqual(["0", "2", "10"]);
    expect(kept(lines, "all", "10").map((each) => each.id)).toEqual([2]);
    expect(kept(lines, "errors", "").map((each) => each.id)).toEqual([2]);
    expect(kept(lines, "errors", "0")).toEqual([]);
    expect(kept(lines, "all", "")).toBe(lines);
  });

  test("finds text in any case and through colours", () => {
    expect(matching(lines, "LOSS")).toEqual([0, 1, 2]);
    expect(matching(lines, "")).toEqual([]);
    expect(hits(plain(lines[1]?.text ?? ""), "loss")).toEqual([[9, 13]]);
    expect(hits("aXbx", "x")).toEqual([[1, 2], [3, 4]]);
  });

  test("begins in sight, and goes round at both ends", () => {
    expect(nextMatch([2, 5, 9], null, 1, 4)).toBe(1);
    expect(nextMatch([2, 5, 9], null, 1, 50)).toBe(2);
    expect(nextMatch([2, 5, 9], 9, 1, 0)).toBe(0);
    expect(nextMatch([2, 5, 9], 2, -1, 0)).toBe(2);
  });
});

test.each([
  ["train:   3%|▎         | 609/20000 [05:20<2:47:23,  1.93it/s]", true],
  ["100%|██████████| 1.2M/1.2M [00:02<00:00, 23.63MB/s]", true],
  ["Working ━━━━━━━━━╸━━━━━━━  50% 0:00:01", true],
  ["512it [04:29,  1.87it/s]", true],
  ["RuntimeError: 95% of | memory | is used", false],
  ["Traceback (most recent call last):", false],
])("%s is a progress bar: %s", (text, progress) => expect(isProgress(text)).toBe(progress));
