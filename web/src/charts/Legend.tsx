// Which colour is whose, under a chart in full screen.

import type { Run } from "../api/types";
import { colorOf, colorOfGroup } from "../state/colors";
import { focusedRun } from "../state/focus";
import { shownGroups } from "../state/selection";

export function Legend({ runs }: { runs: readonly Run[] }) {
  const entries = shownGroups.value.length
    ? shownGroups.value.map(({ id, label, runs: members }) => ({ id, focus: members[0]?.id ?? null, label: `${label} (${members.length})`, color: colorOfGroup(id) }))
    : runs.map((run) => ({ id: run.id, focus: run.id, label: run.name, color: colorOf(run) }));
  if (entries.length < 2) return null;
  return (
    <ul class="legend" aria-label="Legend" tabIndex={0}>
      {entries.map(({ id, focus, label, color }) => (
        <li key={id} onPointerEnter={() => (focusedRun.value = focus)} onPointerLeave={() => (focusedRun.value = null)}>
          <span class="dot" style={{ "--dot": color }} aria-hidden="true" /> {label}
        </li>
      ))}
    </ul>
  );
}
