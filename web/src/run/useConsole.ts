// The console lines of a run, page after page from the first, then whatever is new.

import { useEffect, useRef, useState } from "preact/hooks";
import { fetchConsole } from "../api/client";
import { asApiError, type ApiError } from "../api/http";
import type { ConsoleLine } from "../api/types";

const PAGE = 5000;
/** So many lines are held; of longer logs the oldest lines give way to the newest. */
const MOST_LINES = 300_000;

export interface ConsoleState {
  lines: readonly ConsoleLine[];
  /** All lines of the run, or null before the first answer. */
  total: number | null;
  /** Lines that gave way. */
  dropped: number;
  loading: boolean;
  error: ApiError | null;
}

const EMPTY: ConsoleState = { lines: [], total: null, dropped: 0, loading: true, error: null };

/** `version` changes when the run has news; `retry` starts again after an error. */
export function useConsole(run: number, search: string, version: number | undefined): [ConsoleState, () => void] {
  const [state, setState] = useState<ConsoleState>(EMPTY);
  const [turn, setTurn] = useState(0);
  const held = useRef<{ key: string; state: ConsoleState }>({ key: "", state: EMPTY });
  useEffect(() => {
    const key = `${run}|${search}`;
    if (held.current.key !== key) held.current = { key, state: EMPTY };
    const stop = new AbortController();
    const tell = (next: ConsoleState) => {
      if (stop.signal.aborted) return;
      held.current.state = next;
      setState(next);
    };
    void readOn(run, search, held.current.state, tell, stop.signal);
    return () => stop.abort();
  }, [run, search, version, turn]);
  return [state, () => setTurn(turn + 1)];
}

/** Reads from the last held line to the end, telling about every page. */
async function readOn(
  run: number,
  search: string,
  from: ConsoleState,
  tell: (state: ConsoleState) => void,
  signal: AbortSignal,
): Promise<void> {
  let state = from;
  try {
    for (let more = true; more && !signal.aborted; ) {
      const after = state.lines[state.lines.length - 1]?.id ?? 0;
      const page = await fetchConsole(run, { after, limit: PAGE, search }, signal);
      more = page.more;
      if (page.lines.length || state.loading || state.error) {
        state = { ...joined(state, page.lines), total: page.total, loading: more, error: null };
        tell(state);
      }
    }
  } catch (error) {
    if (!signal.aborted) tell({ ...state, loading: false, error: asApiError(error) });
  }
}

function joined(state: ConsoleState, lines: readonly ConsoleLine[]): ConsoleState {
  const all = [...state.lines, ...lines];
  const over = Math.max(0, all.length - MOST_LINES);
  return { ...state, lines: over ? all.slice(over) : all, dropped: state.dropped + over };
}
