// The step that a view of values by step stands at.

import { useState } from "preact/hooks";
import { moment } from "../state/moment";
import { stepFor } from "./steps";

/** The step that is shown: one that was chosen here, until the pinned moment moves; else that moment's, else the newest. */
export function useStep(all: readonly number[]): [number, (step: number | null) => void] {
  const pinned = moment.value?.step ?? null;
  const [chosen, setChosen] = useState<{ step: number; pinned: number | null } | null>(null);
  const own = chosen?.pinned === pinned ? chosen.step : null;
  return [stepFor(all, own ?? pinned), (step) => setChosen({ step: step ?? Infinity, pinned })];
}
