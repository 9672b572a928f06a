// The console of a run: it follows the end, is searched, and kept to a level, a rank or the lines that were found.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { ConsoleLine, RunAnswer } from "../api/types";
import { formatCount } from "../format";
import { download } from "../parts/download";
import { ErrorPanel } from "../parts/states";
import { SearchField } from "../parts/SearchField";
import { versions } from "../state/live";
import { moment } from "../state/moment";
import { consoleLevel, consoleOnly, consoleRank, consoleSearch } from "../state/view";
import { plain } from "./ansi";
import { kept, LEVELS, lineAt, matching, nextMatch, ranksOf, type Level } from "./consoleFind";
import { ConsoleLines } from "./ConsoleLines";
import { useConsole, type ConsoleState } from "./useConsole";

/** Typing pauses this long before it is searched. */
const PAUSE = 250;

export function ConsoleTab({ answer: { run } }: { answer: RunAnswer }) {
  const search = useSettled(consoleSearch.value.trim());
  const only = consoleOnly.value && search !== "";
  const [state, retry] = useConsole(run.id, only ? search : "", versions.value[run.id]);
  const [follow, setFollow] = useState(true);
  const [level, rank] = [consoleLevel.value, consoleRank.value];
  const lines = useMemo(() => kept(state.lines, level, rank), [state.lines, level, rank]);
  const found = useFound(lines, search, () => setFollow(false));
  const at = useMomentLine(lines, state.loading, () => setFollow(false));
  return (
    <div class="console-page">
      <div class="toolbar">
        <SearchField
          main
          label="Search the console"
          placeholder="Search the console  /"
          value={consoleSearch.value}
          set={consoleSearch.set}
          onEnter={(back) => found.go(back ? -1 : 1)}
        />
        {search !== "" && <Matches found={found} />}
        <LevelChoice />
        <RankChoice lines={state.lines} />
        <span class="muted number" role="status">
          {summary(state, lines.length, only)}
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
      <ConsoleLines
        lines={lines}
        search={search}
        current={found.current}
        moment={at}
        follow={follow}
        setFollow={setFollow}
        onTop={found.onTop}
        none={state.error ? "" : nothing(state, lines.length, only ? search : "")}
      />
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

/** The id of the last line printed by the pinned moment; null where there is none, and until all lines are there. */
function useMomentLine(lines: readonly ConsoleLine[], loading: boolean, onMove: () => void): number | null {
  const time = moment.value?.time ?? null;
  const id = useMemo(() => (time === null || loading ? null : lineAt(lines, time)), [lines, time, loading]);
  useEffect(() => {
    if (id !== null) onMove();
  }, [id]);
  return id;
}

interface Found {
  /** How many lines match, and which of them, from 1, is the current one; 0 for none. */
  count: number;
  place: number;
  /** The id of the current line. */
  current: number | null;
  go(by: 1 | -1): void;
  onTop(index: number): void;
}

/** The lines that match, and the one that a person is at: at first the next one in sight. */
function useFound(lines: readonly ConsoleLine[], search: string, onGo: () => void): Found {
  const [current, setCurrent] = useState<number | null>(null);
  const top = useRef(0);
  const matches = useMemo(() => matching(lines, search), [lines, search]);
  const place = useMemo(() => matches.findIndex((index) => lines[index]?.id === current), [matches, current]);
  const go = (by: 1 | -1, from = place) => {
    if (!matches.length) return setCurrent(null);
    const next = matches[nextMatch(matches, matches[from] ?? null, by, top.current)] as number;
    setCurrent((lines[next] as ConsoleLine).id);
    onGo();
  };
  useEffect(() => {
    if (search) go(1, -1);
    else setCurrent(null);
  }, [search, matches.length > 0]);
  return { count: matches.length, place: place + 1, current, go, onTop: (index) => (top.current = index) };
}

function Matches({ found: { count, place, go } }: { found: Found }) {
  return (
    <span class="field" data-testid="console-matches">
      <span class="number" role="status">
        {count ? `${formatCount(place)} of ${formatCount(count)}` : "no match"}
      </span>
      <button type="button" class="icon" aria-label="Previous match" title="Previous match (Shift Enter)" disabled={!count} onClick={() => go(-1)}>
        ↑
      </button>
      <button type="button" class="icon" aria-label="Next match" title="Next match (Enter)" disabled={!count} onClick={() => go(1)}>
        ↓
      </button>
      <label class="field" title="Show only the lines that match; the server searches all of them">
        <input type="checkbox" checked={consoleOnly.value} onChange={(event) => consoleOnly.set(event.currentTarget.checked)} />
        <span>only these</span>
      </label>
    </span>
  );
}

function summary({ lines, total, loading, dropped }: ConsoleState, shown: number, only: boolean): string {
  if (total === null) return loading ? "loading…" : "";
  const held = formatCount(lines.length);
  const kept = shown < lines.length ? `${formatCount(shown)} of ` : "";
  if (only) return `${kept}${held}${loading ? "+" : ""} of ${formatCount(total)} lines match`;
  if (loading) return `loading ${held} of ${formatCount(total)} lines…`;
  return dropped ? `${kept}the last ${held} of ${formatCount(total)} lines` : `${kept}${held} ${total === 1 ? "line" : "lines"}`;
}

function save(name: string, lines: readonly ConsoleLine[]): void {
  const text = lines.map((line) => plain(line.text)).join("\n");
  download(new Blob([text, "\n"], { type: "text/plain" }), `${name.replaceAll(/[^\w.-]+/g, "_")}.log`);
}

function LevelChoice() {
  return (
    <select aria-label="Lines to show" value={consoleLevel.value} onChange={(event) => consoleLevel.set(event.currentTarget.value as Level)}>
      {Object.entries(LEVELS).map(([id, { label }]) => (
        <option key={id} value={id}>
          {label}
        </option>
      ))}
    </select>
  );
}

/** Only where several processes printed. */
function RankChoice({ lines }: { lines: readonly ConsoleLine[] }) {
  const ranks = useMemo(() => ranksOf(lines), [lines]);
  const chosen = consoleRank.value;
  if (!ranks.length && !chosen) return null;
  return (
    <select aria-label="Rank to show" value={chosen} onChange={(event) => consoleRank.set(event.currentTarget.value)}>
      <option value="">all ranks</option>
      {[...new Set([...ranks, ...(chosen ? [chosen] : [])])].map((rank) => (
        <option key={rank} value={rank}>
          rank {rank}
        </option>
      ))}
    </select>
  );
}

function nothing({ lines, loading }: ConsoleState, shown: number, search: string): string {
  if (shown || loading) return "";
  if (lines.length) return "No line is of this kind.";
  return search ? `No line contains “${search}”.` : "This run printed nothing.";
}
