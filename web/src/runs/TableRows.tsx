// The rows of the runs table: a run, or a group of runs with its means.

import type { Run } from "../api/types";
import { exactValue } from "../format";
import { now } from "../state/catalog";
import { isPicked, pick } from "../state/picked";
import { followLink, hrefFor, place } from "../state/route";
import { heatPlaces, listedRuns } from "../state/selection";
import { runFilter } from "../state/view";
import type { Column } from "./columns";
import { Eye } from "./Eye";
import { GroupEye, GroupName } from "./GroupParts";
import { groupText, groupTitle, type Group } from "./groups";
import type { Pins } from "./RunsTable";
import { Sparkline } from "./Sparkline";
import { StatusBadge, StatusSign } from "./Status";
import { Swatch } from "./Swatch";

export function isRight(column: Column): boolean {
  return column.measured || column.key === "duration";
}

/** The class of a cell and where it stays when its column is pinned. */
function cellLook(column: Column, pins: Pins) {
  const pin = pins.get(column.key);
  const classes = [column.numeric ? "number" : "", isRight(column) ? "right" : "", pin === undefined ? "" : "pinned"];
  return { class: classes.filter(Boolean).join(" "), style: pin === undefined ? {} : { left: `var(--pin-${pin})` } };
}

interface RunProps {
  run: Run;
  columns: readonly Column[];
  pins: Pins;
  cursor: boolean;
  picked: boolean;
}

export function RunRow({ run, columns, pins, cursor, picked }: RunProps) {
  return (
    <tr class={`${cursor ? "cursor" : ""} ${picked ? "picked" : ""}`} data-testid={`run-row-${run.id}`}>
      {columns.map((column) => (
        <Cell key={column.key} run={run} column={column} pins={pins} picked={picked} />
      ))}
    </tr>
  );
}

function Cell({ run, column, pins, picked }: { run: Run; column: Column; pins: Pins; picked: boolean }) {
  const look = cellLook(column, pins);
  if (column.key === "name") {
    return (
      <td {...look}>
        <NameCell run={run} picked={picked} />
      </td>
    );
  }
  if (column.key === "status") {
    return (
      <td {...look}>
        <StatusBadge status={run.status} cause={run.cause} />
      </td>
    );
  }
  if (column.key === "tags") {
    return (
      <td {...look}>
        <Tags tags={run.tags} />
      </td>
    );
  }
  if (column.curve !== undefined) {
    return (
      <td {...look}>
        <Sparkline run={run} name={column.curve} />
      </td>
    );
  }
  const place = heatPlaces.value.get(column.key)?.get(run.id);
  const shade = place === undefined ? {} : { "--heat-place": `${Math.round(place * 100)}%` };
  return (
    <td {...look} class={place === undefined ? look.class : `${look.class} heat`} style={{ ...look.style, ...shade }} title={exactValue(column.value(run))}>
      {column.text(run, now.value)}
    </td>
  );
}

function Tags({ tags }: { tags: readonly string[] }) {
  return (
    <>
      {tags.map((tag) => (
        <button type="button" class="tag" key={tag} title={`Runs tagged ${tag}`} onClick={() => runFilter.set(`tag:${tag}`)}>
          {tag}
        </button>
      ))}
    </>
  );
}

function NameCell({ run, picked }: { run: Run; picked: boolean }) {
  return (
    <div class="name-cell">
      <input
        type="checkbox"
        aria-label={`Select ${run.name}`}
        title="Select (x); with Shift all from the last one"
        checked={picked}
        onClick={(event) => pick(run.id, event.currentTarget.checked, event.shiftKey ? listedRuns.peek().map(({ id }) => id) : [])}
      />
      <Swatch run={run} />
      <Eye run={run} />
      <a href={hrefFor({ project: place.value.project, run: run.id })} onClick={followLink} title={run.name}>
        {run.name}
      </a>
      {run.displayId !== run.name && <span class="muted">{run.displayId}</span>}
    </div>
  );
}

function GroupPick({ group }: { group: Group }) {
  const count = group.runs.filter((run) => isPicked(run.id)).length;
  return (
    <input
      type="checkbox"
      aria-label={`Select the runs of ${group.label}`}
      title="Select its runs"
      checked={count === group.runs.length}
      indeterminate={count > 0 && count < group.runs.length}
      onChange={(event) => group.runs.forEach((run) => pick(run.id, event.currentTarget.checked))}
    />
  );
}

/** How many runs are in each status. */
function Statuses({ runs }: { runs: readonly Run[] }) {
  const counts = new Map<Run["status"], number>();
  for (const { status } of runs) counts.set(status, (counts.get(status) ?? 0) + 1);
  return (
    <>
      {[...counts].map(([status, count]) => (
        <span class="badge statuses" key={status} title={`${count} ${status.toLowerCase()}`}>
          <StatusSign status={status} /> {count}
        </span>
      ))}
    </>
  );
}

interface GroupProps {
  group: Group;
  open: boolean;
  columns: readonly Column[];
  pins: Pins;
}

export function GroupRow({ group, open, columns, pins }: GroupProps) {
  return (
    <tr class="group" data-testid={`group-row${group.id}`}>
      {columns.map((column) => (
        <td key={column.key} {...cellLook(column, pins)} title={column.measured ? groupTitle(column, group.runs) : ""}>
          {column.key === "name" ? (
            <div class="name-cell">
              <GroupPick group={group} />
              <GroupEye group={group} />
              <GroupName group={group} open={open} />
            </div>
          ) : column.key === "status" ? (
            <Statuses runs={group.runs} />
          ) : (
            groupText(column, group.runs)
          )}
        </td>
      ))}
    </tr>
  );
}
