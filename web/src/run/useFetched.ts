// Something that a tab fetches when it opens, and again when the run has news.

import { useEffect, useState } from "preact/hooks";
import { asApiError, type ApiError } from "../api/http";

export interface Fetched<T> {
  data: T | null;
  error: ApiError | null;
  retry(): void;
}

/** Fetches anew whenever a value of `keys` changes; the first of them says what the data is about. */
export function useFetched<T>(fetchIt: () => Promise<T>, keys: readonly unknown[]): Fetched<T> {
  const [state, setState] = useState<{ about: unknown; data: T | null; error: ApiError | null }>({
    about: keys[0],
    data: null,
    error: null,
  });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let current = true;
    fetchIt().then(
      (data) => current && setState({ about: keys[0], data, error: null }),
      (error: unknown) => current && setState((old) => ({ ...old, about: keys[0], error: asApiError(error) })),
    );
    return () => {
      current = false;
    };
  }, [...keys, turn]);
  const same = state.about === keys[0];
  return { data: same ? state.data : null, error: same ? state.error : null, retry: () => setTurn(turn + 1) };
}
