// Something fetched: the last good answer, and the error of the last try if it failed.

import { signal, type Signal } from "@preact/signals";
import { asApiError, type ApiError } from "../api/http";

export interface Loaded<T> {
  data: T | null;
  error: ApiError | null;
  loading: boolean;
}

export interface Resource<T> {
  readonly state: Signal<Loaded<T>>;
  /** Fetches again; the old data stays on the screen meanwhile. Never rejects. */
  reload(): Promise<void>;
  /** Forgets everything, for instance when the project changes. */
  clear(): void;
}

export function resource<T>(fetchIt: () => Promise<T>): Resource<T> {
  const state = signal<Loaded<T>>({ data: null, error: null, loading: false });
  let turn = 0;
  return {
    state,
    async reload() {
      const mine = ++turn;
      state.value = { ...state.peek(), loading: true };
      try {
        const data = await fetchIt();
        if (mine === turn) state.value = { data, error: null, loading: false };
      } catch (error) {
        if (mine === turn) state.value = { ...state.peek(), error: asApiError(error), loading: false };
      }
    },
    clear() {
      turn += 1;
      state.value = { data: null, error: null, loading: false };
    },
  };
}
