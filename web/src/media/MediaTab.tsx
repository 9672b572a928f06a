// The media of a run, beside those of the runs laid over it; and of the shown runs of a project.

import { useEffect, useState } from "preact/hooks";
import type { RunAnswer } from "../api/types";
import { versions } from "../state/live";
import { shownIds, shownRuns } from "../state/selection";
import { MediaBoard } from "./MediaBoard";

/** The files of other runs are listed again at most this often, in ms. */
const PAUSE = 10_000;

export function MediaTab({ answer: { run, names } }: { answer: RunAnswer }) {
  const others = shownRuns.value.filter((other) => other.id !== run.id);
  const own = names.filter((info) => info.type !== "METRIC").map((info) => `${info.count}:${info.lastStep}`);
  const news = useNow(others.map(({ id }) => versions.value[id] ?? "").join());
  return <MediaBoard runs={[run, ...others]} news={`${own.join()}|${news}`} />;
}

export function ProjectMedia() {
  const news = useNow(shownIds.value.map((id) => versions.value[id] ?? "").join());
  return <MediaBoard runs={shownRuns.value} news={news} />;
}

/** The value, but no newer than it was at the last tick of a slow clock. */
function useNow(value: string): string {
  const [held, setHeld] = useState(value);
  useEffect(() => {
    if (value === held) return;
    const timer = setTimeout(() => setHeld(value), PAUSE);
    return () => clearTimeout(timer);
  }, [value === held]);
  return held;
}
