// Markdown as elements. No HTML of the text is ever parsed: a tag in it is shown as it was written.

import type { JSX } from "preact";
import { readMarkdown, type Block, type Inline } from "./readMarkdown";

export function Markdown({ text }: { text: string }) {
  return (
    <div class="markdown">
      {readMarkdown(text).map((block, index) => (
        <Shown key={index} block={block} />
      ))}
    </div>
  );
}

function Shown({ block }: { block: Block }) {
  switch (block.kind) {
    case "heading":
      // The page's own headings stand above those of a note.
      return block.level < 3 ? <h3>{words(block.inner)}</h3> : <h4>{words(block.inner)}</h4>;
    case "code":
      return (
        <pre>
          <code>{block.text}</code>
        </pre>
      );
    case "rule":
      return <hr />;
    case "list":
      return <List block={block} />;
    case "table":
      return <Table block={block} />;
    case "quote":
      return <blockquote>{lines(block.lines)}</blockquote>;
    case "paragraph":
      return <p>{lines(block.lines)}</p>;
  }
}

function List({ block: { ordered, items } }: { block: Block & { kind: "list" } }) {
  const rows = items.map((item, index) => (
    <li key={index} class={`depth-${item.depth}`}>
      {item.done !== null && <input type="checkbox" checked={item.done} disabled aria-label={item.done ? "done" : "to do"} />}
      {words(item.inner)}
    </li>
  ));
  return ordered ? <ol>{rows}</ol> : <ul>{rows}</ul>;
}

function Table({ block: { head, sides, rows } }: { block: Block & { kind: "table" } }) {
  const row = (cells: readonly Inline[][], Cell: "th" | "td") => cells.map((cell, index) => <Cell key={index} class={sides[index]}>{words(cell)}</Cell>);
  return (
    <div class="markdown-table">
      <table>
        <thead>
          <tr>{row(head, "th")}</tr>
        </thead>
        <tbody>
          {rows.map((cells, index) => (
            <tr key={index}>{row(cells, "td")}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function lines(all: readonly Inline[][]): JSX.Element[] {
  return all.map((line, index) => (
    <span key={index}>
      {index > 0 && <br />}
      {words(line)}
    </span>
  ));
}

function words(inner: readonly Inline[]): (JSX.Element | string)[] {
  return inner.map((part, index) => {
    if (part.kind === "text") return part.text;
    if (part.kind === "code") return <code key={index}>{part.text}</code>;
    if (part.kind === "link") {
      return (
        <a key={index} class="link" href={part.href} target="_blank" rel="noopener noreferrer nofollow">
          {part.text}
        </a>
      );
    }
    const Tag = part.kind;
    return <Tag key={index}>{words(part.inner)}</Tag>;
  });
}
