// Whether a run is drawn in the charts.

import { computed } from "@preact/signals";
import type { Run } from "../api/types";
import { place } from "../state/route";
import { shownSet, toggleShown } from "../state/selection";

const ownId = computed(() => place.value.run);

export function Eye({ run }: { run: Run }) {
  const shown = shownSet.value.has(run.id);
  const own = ownId.value === run.id;
  return (
    <button
      type="button"
      class={`icon eye ${shown ? "on" : ""}`}
      aria-pressed={shown}
      aria-label={`Show ${run.name} in the charts`}
      title={own ? "This page's run" : shown ? "Hide from the charts (Space)" : "Show in the charts (Space)"}
      disabled={own}
      tabIndex={-1}
      onClick={() => toggleShown(run.id)}
    >
      <EyeSign open={shown} />
    </button>
  );
}

export function EyeSign({ open }: { open: boolean }) {
  return (
    <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
      <path d="M1 8s2.6-4.5 7-4.5S15 8 15 8s-2.6 4.5-7 4.5S1 8 1 8Z" fill="none" stroke="currentColor" stroke-width="1.4" />
      {open ? <circle cx="8" cy="8" r="2.3" fill="currentColor" /> : <path d="M2 14 14 2" stroke="currentColor" stroke-width="1.4" />}
    </svg>
  );
}
