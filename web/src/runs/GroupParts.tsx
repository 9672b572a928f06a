// The parts of a group's row, in the rail and in the table.

import { colorOfGroup } from "../state/colors";
import { foldGroup, shownSet, toggleGroup } from "../state/selection";
import type { Column } from "./columns";
import { EyeSign } from "./Eye";
import { groupText, groupTitle, type Group } from "./groups";

export function GroupEye({ group }: { group: Group }) {
  const shown = group.runs.filter((run) => shownSet.value.has(run.id)).length;
  const all = shown === group.runs.length;
  return (
    <button
      type="button"
      class={`icon eye ${shown ? "on" : ""}`}
      aria-pressed={all}
      aria-label={`Show ${group.label} in the charts`}
      title={all ? "Hide from the charts" : `Show all in the charts: ${shown} of ${group.runs.length} are`}
      onClick={() => toggleGroup(group)}
    >
      <EyeSign open={shown > 0} />
    </button>
  );
}

export function GroupName({ group, open }: { group: Group; open: boolean }) {
  return (
    <button
      type="button"
      class="group-name"
      aria-expanded={open}
      title={open ? "Hide its runs" : "List its runs"}
      onClick={() => foldGroup(group.key, !open)}
    >
      <span class="caret" aria-hidden="true">
        {open ? "▾" : "▸"}
      </span>
      <span class="dot" style={{ "--dot": colorOfGroup(group.id) }} aria-hidden="true" />
      <b>{group.label}</b>
      <span class="muted number">{group.runs.length}</span>
    </button>
  );
}

export function GroupValue({ group, column }: { group: Group; column: Column }) {
  return (
    <span class="number" title={groupTitle(column, group.runs)}>
      {groupText(column, group.runs)}
    </span>
  );
}
