// Parts of the page whose code is fetched when they are first shown.

import type { ComponentType, FunctionComponent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { asApiError, type ApiError } from "../api/http";
import { ErrorPanel, Skeleton } from "./states";

export type LazyComponent<P> = FunctionComponent<P> & {
  /** Fetches the code before it is shown; resolves whether it came or not, for showing it tries again. */
  ahead(): Promise<void>;
};

/** A component that stands for the one that `load` brings; `label` says what is waited for. */
export function lazy<P extends object>(load: () => Promise<ComponentType<P>>, label: string): LazyComponent<P> {
  let known: ComponentType<P> | null = null;
  const fetched = async () => {
    known = await load();
  };
  const Lazy = (props: P) => {
    const [error, setError] = useState<ApiError | null>(null);
    const [turn, setTurn] = useState(0);
    const Shown = known;
    useEffect(() => {
      if (Shown) return; // what came since this drawing has to be drawn too
      fetched().then(
        () => {
          setError(null);
          setTurn((old) => old + 1);
        },
        (problem: unknown) => setError(asApiError(problem)),
      );
    }, [turn]);
    if (Shown) return <Shown {...props} />;
    if (error) return <ErrorPanel error={error} retry={() => setTurn(turn + 1)} title={`${label} could not be loaded`} />;
    return <Skeleton rows={4} label={`Loading ${label}`} />;
  };
  return Object.assign(Lazy, { ahead: () => fetched().catch(() => undefined) });
}
