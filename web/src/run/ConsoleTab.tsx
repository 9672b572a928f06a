// The console of a run: only the lines in sight exist, it follows the end, and it can be searched.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { ConsoleLine, RunAnswer } from "../api/types";
import { formatClock, formatCount, formatDate } from "../format";
import { download } from "../parts/download";
import { useRows } from "../parts/hooks";
import { ErrorPanel } from "../parts/states";
import { SearchField } from "../parts/SearchField";
import { versions } from "../state/live";
import { consoleSearch } from "../state/view";
import { pieces } from "./ansi";
import { useConsole, type ConsoleState } from "./useConsole";

const ROW = 18;
/** Typing pauses this long before the server searches. */
const PAUSE = 250;

export function ConsoleTab({ answer: { run } }: { answer: RunAnswer }) {
  const search = useSettled(consoleSearch.value.trim());
  const [state, retry] = useConsole(run.id, search, versions.value[run.id]);
  const [follow, setFollow] = useState(true);
  const [level, setLevel] = useState<Level>("all");
  const lines = useMemo(() => state.lines.filter((line) => LEVELS[level].keeps(line.type)), [state.lines, level]);
  return (
    <div class="console-page">
      <div class="toolbar">
        <SearchField main label="Search the console" placeholder="Search the console  /" value={consoleSearch.value} set={consoleSearch.set} />
        <LevelChoice level={level} set={setLevel} />
        <span class="muted number" role="status">
          {summary(state, search)}
          {level !== "all" && `, ${formatCount(lines.length)} of them ${LEVELS[level].label}`}
        </span>
        <span class="spacer" />
        <label class="field">
          <input type="checkbox" checked={follow} onChange={(event) => setFollow(event.currentTarget.checked)} />
          <span>follow</span>
        </label>
        <button type="button" class="button" disabled={!lines.length} onClick={() => save(run.name, lines)}>
          Download
        </button>
      </div>
      {state.error && <ErrorPanel error={state.error} retry={retry} title="The console could not be read" />}
      <Lines state={state} lines={lines} search={search} follow={follow} setFollow={setFollow} />
    </div>
  );
}

function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), PAUSE);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

function summary({ lines, total, loading, dropped }: ConsoleState, search: string): string {
  if (total === null) return loading ? "loading…" : "";
  const held = formatCount(lines.length);
  if (search) return `${held}${loading ? "+" : ""} of ${formatCount(total)} lines match`;
  if (loading) return `loading ${held} of ${formatCount(total)} lines…`;
  return dropped ? `the last ${held} of ${formatCount(total)} lines` : `${held} ${total === 1 ? "line" : "lines"}`;
}

function save(name: string, lines: readonly ConsoleLine[]): void {
  const text = lines.map((line) => pieces(line.text).map((piece) => piece.text).join("")).join("\n");
  download(new Blob([text, "\n"], { type: "text/plain" }), `${name.replaceAll(/[^\w.-]+/g, "_")}.log`);
}

type Level = "all" | "warnings" | "errors";

const LOUD = ["ERROR", "CRITICAL", "FATAL"];
const LEVELS: Record<Level, { label: string; keeps(type: string): boolean }> = {
  all: { label: "all lines", keeps: () => true },
  warnings: { label: "warnings and errors", keeps: (type) => type.startsWith("WARN") || LOUD.includes(type) },
  errors: { label: "errors", keeps: (type) => LOUD.includes(type) },
};

function LevelChoice({ level, set }: { level: Level; set(level: Level): void }) {
  return (
    <select aria-label="Lines to show" value={level} onChange={(event) => set(event.currentTarget.value as Level)}>
      {Object.entries(LEVELS).map(([id, { label }]) => (
        <option key={id} value={id}>
          {label}
        </option>
      ))}
    </select>
  );
}

interface LinesProps {
  state: ConsoleState;
  lines: readonly ConsoleLine[];
  search: string;
  follow: boolean;
  setFollow(follow: boolean): void;
}

function Lines({ state, lines, search, follow, setFollow }: LinesProps) {
  const rows = useRows(lines.length, ROW);
  const atEnd = useRef(true);
  useEffect(() => {
    const box = rows.scroller.current;
    if (follow && box) box.scrollTop = box.scrollHeight;
  }, [lines.length, follow]);
  const onScroll = () => {
    const box = rows.scroller.current as HTMLDivElement;
    const end = box.scrollHeight - box.scrollTop - box.clientHeight < ROW * 2;
    // Scrolling up lets go of the end; coming back takes it again.
    if (end !== atEnd.current) setFollow(end);
    atEnd.current = end;
    rows.onScroll();
  };
  return (
    <div class="console" data-testid="console" ref={rows.scroller} onScroll={onScroll} tabIndex={0} role="log" aria-label="Console">
      <div class="console-lines" style={{ height: `${lines.length * ROW}px` }}>
        <div style={{ transform: `translateY(${rows.above}px)` }}>
          {lines.slice(rows.from, rows.to).map((line) => (
            <Line key={line.id} line={line} search={search} />
          ))}
        </div>
      </div>
      {lines.length === 0 && !state.loading && !state.error && (
        <p class="muted console-none">{nothing(state, search)}</p>
      )}
    </div>
  );
}

function nothing({ lines }: ConsoleState, search: string): string {
  if (lines.length) return "No line is of this kind.";
  return search ? `No line contains “${search}”.` : "This run printed nothing.";
}

function Line({ line, search }: { line: ConsoleLine; search: string }) {
  const loud = ["ERROR", "WARNING", "CRITICAL"].includes(line.type);
  return (
    <div class={`console-line ${loud ? line.type.toLowerCase() : ""}`}>
      <span class="console-number" title={`${formatDate(line.time)} · ${line.type}`}>
        {line.n}
      </span>
      <time class="console-time">{formatClock(line.time)}</time>
      <span class="console-text">
        {pieces(line.text).map((piece, index) => (
          <span class={piece.style} key={index}>
            <Marked text={piece.text} search={search} />
          </span>
        ))}
      </span>
    </div>
  );
}

function Marked({ text, search }: { text: string; search: string }) {
  if (!search) return <>{text}</>;
  const parts: (string | preact.JSX.Element)[] = [];
  const lower = text.toLowerCase();
  const wanted = search.toLowerCase();
  let at = 0;
  for (let hit = lower.indexOf(wanted); hit >= 0; hit = lower.indexOf(wanted, at)) {
    parts.push(text.slice(at, hit), <mark key={hit}>{text.slice(hit, hit + wanted.length)}</mark>);
    at = hit + wanted.length;
  }
  parts.push(text.slice(at));
  return <>{parts}</>;
}
