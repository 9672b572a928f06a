// Reads a small part of Markdown into a tree; what it does not know stays the text that was written.

export type Inline =
  | { kind: "text"; text: string }
  | { kind: "code"; text: string }
  | { kind: "link"; text: string; href: string }
  | { kind: "strong" | "em" | "del"; inner: Inline[] };

export type Block =
  | { kind: "heading"; level: number; inner: Inline[] }
  | { kind: "paragraph" | "quote"; lines: Inline[][] }
  | { kind: "code"; text: string }
  | { kind: "rule" }
  | { kind: "table"; head: Inline[][]; sides: Side[]; rows: Inline[][][] }
  | { kind: "list"; ordered: boolean; items: { depth: number; done: boolean | null; inner: Inline[] }[] };

/** Where the cells of a column stand; the table's own place where nothing is said. */
export type Side = "left" | "center" | "right" | "";

const ITEM = /^(\s*)(?:[-*+]|(\d+)[.)])\s+(?:\[([ xX])\]\s+)?(.*)$/;

export function readMarkdown(source: string): Block[] {
  const lines = source.replaceAll("\r\n", "\n").split("\n");
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; ) at = readBlock(lines, at, blocks);
  return blocks;
}

/** Reads what begins at a line; answers where the next block begins. */
function readBlock(lines: readonly string[], at: number, blocks: Block[]): number {
  const line = lines[at] as string;
  if (!line.trim()) return at + 1;
  const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
  if (heading) {
    blocks.push({ kind: "heading", level: (heading[1] as string).length, inner: readInline(heading[2] as string) });
    return at + 1;
  }
  if (/^\s*(```|~~~)/.test(line)) return readCode(lines, at, blocks);
  if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) {
    blocks.push({ kind: "rule" });
    return at + 1;
  }
  if (ITEM.test(line)) return readList(lines, at, blocks);
  if (isTable(lines, at)) return readTable(lines, at, blocks);
  return readLines(lines, at, blocks);
}

function readCode(lines: readonly string[], at: number, blocks: Block[]): number {
  const fence = (lines[at] as string).trim().slice(0, 3);
  let end = at + 1;
  while (end < lines.length && !(lines[end] as string).trim().startsWith(fence)) end += 1;
  blocks.push({ kind: "code", text: lines.slice(at + 1, end).join("\n") });
  return end + 1;
}

function readList(lines: readonly string[], at: number, blocks: Block[]): number {
  const ordered = ITEM.exec(lines[at] as string)?.[2] !== undefined;
  const items: (Block & { kind: "list" })["items"] = [];
  let end = at;
  for (; end < lines.length; end += 1) {
    const item = ITEM.exec(lines[end] as string);
    if (!item) break;
    const done = item[3] === undefined ? null : item[3] !== " ";
    items.push({ depth: Math.min(4, Math.floor((item[1] as string).length / 2)), done, inner: readInline(item[4] as string) });
  }
  blocks.push({ kind: "list", ordered, items });
  return end;
}

/** A line with cells over one of dashes, with as many. */
function isTable(lines: readonly string[], at: number): boolean {
  const [head, dashes] = [lines[at] as string, lines[at + 1] ?? ""];
  const rule = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/.test(dashes);
  return head.includes("|") && rule && cellsOf(head).length === cellsOf(dashes).length;
}

function readTable(lines: readonly string[], at: number, blocks: Block[]): number {
  const head = cellsOf(lines[at] as string);
  const sides = cellsOf(lines[at + 1] as string).map(sideOf);
  const rows: Inline[][][] = [];
  let end = at + 2;
  for (; end < lines.length && (lines[end] as string).includes("|"); end += 1) {
    const cells = cellsOf(lines[end] as string);
    rows.push(head.map((_, index) => readInline(cells[index] ?? "")));
  }
  blocks.push({ kind: "table", head: head.map(readInline), sides, rows });
  return end;
}

/** A bar behind a backslash ends no cell (GitHub Flavored Markdown, 4.10). */
function cellsOf(line: string): string[] {
  const bare = line.trim().replace(/^\|/, "").replace(/(?<!\\)\|$/, "");
  return bare.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

function sideOf(dashes: string): Side {
  const [left, right] = [dashes.startsWith(":"), dashes.endsWith(":")];
  return left && right ? "center" : right ? "right" : left ? "left" : "";
}

function readLines(lines: readonly string[], at: number, blocks: Block[]): number {
  const quoted = /^\s*>/.test(lines[at] as string);
  const starts = (line: string) => !line.trim() || /^#{1,6}\s|^\s*(```|~~~)/.test(line) || ITEM.test(line) || /^\s*>/.test(line) !== quoted;
  let end = at + 1;
  while (end < lines.length && !starts(lines[end] as string) && !isTable(lines, end)) end += 1;
  const own = lines.slice(at, end).map((line) => (quoted ? line.replace(/^\s*>\s?/, "") : line.trim()));
  blocks.push({ kind: quoted ? "quote" : "paragraph", lines: own.map(readInline) });
  return end;
}

// Code first: nothing inside it means anything. Links only to the web and to mail.
const INLINE =
  /(`+)(.+?)\1|\[([^\]\n]+)\]\(((?:https?:\/\/|mailto:)[^\s)]+)\)|(https?:\/\/[^\s<>)\]]+[^\s<>)\].,;:!?])|\*\*(.+?)\*\*|~~(.+?)~~|\*([^*\s][^*]*?)\*|(?<![\w])_([^_\s][^_]*?)_(?![\w])/g;

export function readInline(text: string): Inline[] {
  const found: Inline[] = [];
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > at) found.push({ kind: "text", text: text.slice(at, match.index) });
    found.push(inlineOf(match));
    at = match.index + match[0].length;
  }
  if (at < text.length) found.push({ kind: "text", text: text.slice(at) });
  return found;
}

function inlineOf(match: RegExpExecArray): Inline {
  const [, , code, label, href, bare, strong, deleted, starred, underlined] = match;
  if (code !== undefined) return { kind: "code", text: code };
  if (href !== undefined) return { kind: "link", text: label as string, href };
  if (bare !== undefined) return { kind: "link", text: bare, href: bare };
  if (strong !== undefined) return { kind: "strong", inner: readInline(strong) };
  if (deleted !== undefined) return { kind: "del", inner: readInline(deleted) };
  return { kind: "em", inner: readInline((starred ?? underlined) as string) };
}
