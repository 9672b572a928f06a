// Something looked for in many runs: a piece a request, so that findings come as they are made.

import { useEffect, useState } from "preact/hooks";
import { asApiError, type ApiError } from "../api/http";
import type { Piece } from "../api/types";

export interface Findings<F> {
  found: readonly F[];
  searched: number;
  unreadable: number;
  error: ApiError | null;
}

interface Asked<F> {
  ids: readonly number[];
  /** Names what is looked for, so that the search begins anew when that changes; empty for nothing. */
  about: string;
  ask(ids: readonly number[], signal: AbortSignal): Promise<Piece<F>>;
  /** So many ms of waiting for a person who types. */
  pause: number;
}

const NOTHING = { found: [], searched: 0, unreadable: 0, error: null };

/** Asks on until all runs are searched, or what is asked changes. */
export function useInPieces<F>({ ids, about, ask, pause }: Asked<F>): Findings<F> {
  const [findings, setFindings] = useState<Findings<F>>(NOTHING);
  const wanted = ids.join();
  useEffect(() => {
    setFindings(NOTHING);
    if (!about) return;
    const stop = new AbortController();
    const timer = setTimeout(() => void askOn(ids, ask, stop.signal, setFindings), pause);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [wanted, about]);
  return findings;
}

async function askOn<F>(ids: readonly number[], ask: Asked<F>["ask"], signal: AbortSignal, show: (findings: Findings<F>) => void): Promise<void> {
  let now: Findings<F> = NOTHING;
  try {
    while (now.searched < ids.length) {
      const { found, searched, unreadable } = await ask(ids.slice(now.searched), signal);
      if (signal.aborted) return;
      now = {
        found: [...now.found, ...found],
        searched: now.searched + searched,
        unreadable: now.unreadable + unreadable.length,
        error: null,
      };
      show(now);
    }
  } catch (error) {
    if (!signal.aborted) show({ ...now, error: asApiError(error) });
  }
}
