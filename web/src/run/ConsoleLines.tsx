// The lines of a console: only those in sight exist, and while it is wanted the end stays in sight.

import { useEffect, useRef } from "preact/hooks";
import type { ConsoleLine } from "../api/types";
import { formatClock, formatDate } from "../format";
import { useRows, type Rows } from "../parts/hooks";
import { theme } from "../state/theme";
import { pieces, type Piece } from "./ansi";
import { paintedAs } from "./ansiStyle";
import { hits, isProgress } from "./consoleFind";

const ROW = 18;

interface Props {
  lines: readonly ConsoleLine[];
  search: string;
  /** The id of the line that a search led to. */
  current: number | null;
  /** The id of the line at the pinned moment. */
  moment: number | null;
  follow: boolean;
  setFollow(follow: boolean): void;
  /** Told of the place of the first line in sight. */
  onTop(index: number): void;
  /** What is said where there are no lines. */
  none: string;
}

export function ConsoleLines({ lines, search, current, moment, follow, setFollow, onTop, none }: Props) {
  const rows = useRows(lines.length, ROW);
  const atEnd = useRef(true);
  useEffect(() => {
    const box = rows.scroller.current;
    if (follow && box) box.scrollTop = box.scrollHeight;
  }, [lines.length, follow]);
  useLineInSight(rows, lines, moment);
  useLineInSight(rows, lines, current);
  const onScroll = () => {
    const box = rows.scroller.current as HTMLDivElement;
    const end = box.scrollHeight - box.scrollTop - box.clientHeight < ROW * 2;
    // Scrolling up lets go of the end; coming back takes it again.
    if (end !== atEnd.current) setFollow(end);
    atEnd.current = end;
    onTop(Math.floor(box.scrollTop / ROW));
    rows.onScroll();
  };
  return (
    <div class="console" data-testid="console" ref={rows.scroller} onScroll={onScroll} tabIndex={0} role="log" aria-label="Console">
      <div class="console-lines" style={{ height: `${lines.length * ROW}px` }}>
        <div style={{ transform: `translateY(${rows.above}px)` }}>
          {lines.slice(rows.from, rows.to).map((line) => (
            <Line key={line.id} line={line} search={search} current={line.id === current} pinned={line.id === moment} />
          ))}
        </div>
      </div>
      {none && <p class="muted console-none">{none}</p>}
    </div>
  );
}

/** Scrolls to a line when another one is meant than before. */
function useLineInSight({ scroller }: Rows, lines: readonly ConsoleLine[], id: number | null): void {
  useEffect(() => {
    const place = id === null ? -1 : lines.findIndex((line) => line.id === id);
    if (place >= 0 && scroller.current) scroller.current.scrollTop = place * ROW - scroller.current.clientHeight / 2;
  }, [id]);
}

interface LineProps {
  line: ConsoleLine;
  search: string;
  current: boolean;
  /** Whether it is the last line printed by the pinned moment. */
  pinned?: boolean;
}

/** One line in its colours, with what is searched for marked. */
export function Line({ line, search, current, pinned = false }: LineProps) {
  // A progress bar is on stderr, and no error.
  const loud = ["ERROR", "WARNING", "CRITICAL"].includes(line.type) && !isProgress(line.text);
  const parts = pieces(line.text);
  const marks = hits(parts.map((piece) => piece.text).join(""), search);
  let at = 0;
  return (
    <div class={`console-line ${loud ? line.type.toLowerCase() : ""} ${pinned ? "at-moment" : ""}`} aria-current={current || undefined}>
      <span class="console-number" title={`${formatDate(line.time)} · ${line.type}`}>
        {line.n}
      </span>
      <time class="console-time">{formatClock(line.time)}</time>
      <span class="console-text">
        {parts.map((piece, index) => {
          const start = at;
          at += piece.text.length;
          return <Shown key={index} piece={piece} start={start} marks={marks} />;
        })}
      </span>
    </div>
  );
}

interface ShownProps {
  piece: Piece;
  /** Where the piece begins in its line. */
  start: number;
  marks: readonly (readonly [number, number])[];
}

/** A piece in its looks; what was searched for is marked, also where it goes on in the next piece. */
function Shown({ piece: { text, look }, start, marks }: ShownProps) {
  const painted = paintedAs(look, theme.value);
  const parts: (string | preact.JSX.Element)[] = [];
  let at = 0;
  for (const [from, to] of marks) {
    const [first, last] = [Math.max(0, from - start), Math.min(text.length, to - start)];
    if (first >= last) continue;
    parts.push(text.slice(at, first), <mark key={first}>{text.slice(first, last)}</mark>);
    at = last;
  }
  return (
    <span class={painted.class} style={painted.style}>
      {parts}
      {text.slice(at)}
    </span>
  );
}
