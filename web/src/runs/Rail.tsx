// The runs beside the charts: colour, eye, status, name, and one value; or groups of them with a mean.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Run } from "../api/types";
import { exactValue, formatCount } from "../format";
import { useRows } from "../parts/hooks";
import { Unread } from "../parts/Unread";
import { runs } from "../state/catalog";
import { focusedRun } from "../state/focus";
import { isPicked, picked } from "../state/picked";
import { followLink, hrefFor, place } from "../state/route";
import {
  groups,
  items,
  listedRuns,
  MOST_SHOWN,
  railColumn,
  shownIds,
  showDefault,
  showOnly,
  sortOrder,
} from "../state/selection";
import { runFilter } from "../state/view";
import { BulkBar } from "./BulkBar";
import { columnFor, type Column } from "./columns";
import { Eye } from "./Eye";
import { FilterField } from "./FilterField";
import { GroupButton } from "./GroupChooser";
import { GroupEye, GroupName, GroupValue } from "./GroupParts";
import type { Group } from "./groups";
import { StatusSign } from "./Status";
import { Swatch } from "./Swatch";

const ROW = 30;

/** The run that j, k, x and Enter act on. */
export const cursorRun = signal<number | null>(null);
/** On a phone the rail is a sheet over the page. */
export const railOpen = signal(false);

export function Rail() {
  const list = items.value;
  const rows = useRows(list.length, ROW);
  const cursor = cursorRun.value;
  const column = railColumn.value;
  useEffect(() => {
    const index = list.findIndex((item) => "run" in item && item.run.id === cursor);
    if (index >= 0) rows.scrollTo(index);
  }, [cursor]);
  useEffect(() => {
    railOpen.value = false;
  }, [place.value]);
  return (
    <aside class={`rail ${railOpen.value ? "open" : ""}`} aria-label="Runs" data-testid="runs-rail">
      <RailHead />
      <div class="rail-rows" ref={rows.scroller} onScroll={rows.onScroll}>
        <div style={{ height: `${rows.above}px` }} />
        {list.slice(rows.from, rows.to).map((item) =>
          "run" in item ? (
            <Row key={item.run.id} run={item.run} column={column} cursor={cursor === item.run.id} />
          ) : (
            <GroupRow key={item.group.key} group={item.group} open={item.open} column={column} />
          ),
        )}
        <div style={{ height: `${rows.below}px` }} />
        {list.length === 0 && runs.value.length > 0 && (
          <p class="rail-none muted">
            No run matches.{" "}
            <button type="button" class="link" onClick={() => runFilter.set("")}>
              Clear the filter
            </button>
          </p>
        )}
      </div>
      {picked.value.size > 0 && (
        <footer class="rail-bulk">
          <BulkBar />
        </footer>
      )}
    </aside>
  );
}

function RailHead() {
  const count = listedRuns.value.length;
  const total = runs.value.length;
  const column = railColumn.value;
  return (
    <header class="rail-head">
      <div class="rail-title">
        <h2>
          Runs <span class="muted number">{count === total ? formatCount(total) : `${formatCount(count)} of ${formatCount(total)}`}</span>
        </h2>
        <Dead />
        <ShowMenu />
      </div>
      <Unread />
      <div class="rail-find">
        <FilterField />
        {place.value.run === null && <GroupButton />}
      </div>
      {column && (
        <div class="rail-sort muted">
          <span>{sortLabel()}</span>
          <span title="The value beside each run">{[column.detail, column.label].filter(Boolean).join(" ")}</span>
        </div>
      )}
    </header>
  );
}

const DEAD_FILTER = "status:failed,terminated";

/** How many runs ended badly, one click away from being all that is listed. */
function Dead() {
  const count = runs.value.filter(({ status }) => status === "FAILED" || status === "TERMINATED").length;
  const only = runFilter.value === DEAD_FILTER;
  if (!count) return null;
  return (
    <button
      type="button"
      class="link rail-dead number"
      aria-pressed={only}
      title={only ? "List all runs again" : `List only the ${formatCount(count)} that failed or were terminated`}
      onClick={() => runFilter.set(only ? "" : DEAD_FILTER)}
    >
      <span aria-hidden="true">✕</span> {formatCount(count)} <span class="unseen">failed or terminated</span>
    </button>
  );
}

function sortLabel(): string {
  const order = sortOrder.value;
  if (order === "-created") return groups.value.length ? `${groups.value.length} group${groups.value.length === 1 ? "" : "s"}` : "newest first";
  const column = columnFor(order.replace(/^-/, ""));
  const label = column ? [column.detail, column.label].filter(Boolean).join(" ") : "created";
  return `${label} ${order.startsWith("-") ? "↓" : "↑"}`;
}

function ShowMenu() {
  const shown = shownIds.value.length;
  const onRun = place.value.run !== null;
  return (
    <div class="rail-show">
      <span class="muted number">{shown} shown</span>
      {!onRun && (
        <button
          type="button"
          class="link"
          title={`Draw all runs of the list (up to ${MOST_SHOWN})`}
          onClick={() => showOnly(listedRuns.value.slice(0, MOST_SHOWN).map((run) => run.id))}
        >
          all
        </button>
      )}
      <button type="button" class="link" title={onRun ? "Draw this run alone" : "Draw the newest 10 runs"} onClick={showDefault}>
        {onRun ? "alone" : "newest"}
      </button>
      {!onRun && (
        <button type="button" class="link" title="Draw no run" onClick={() => showOnly([])}>
          none
        </button>
      )}
    </div>
  );
}

function focus(id: number) {
  return {
    onPointerEnter: () => (focusedRun.value = id),
    onPointerLeave: () => (focusedRun.value = null),
  };
}

function Row({ run, column, cursor }: { run: Run; column: Column | null; cursor: boolean }) {
  const { project, run: own } = place.value;
  return (
    <div
      class={`rail-row ${own === run.id ? "own" : ""} ${cursor ? "cursor" : ""} ${groups.value.length ? "member" : ""} ${isPicked(run.id) ? "picked" : ""}`}
      data-testid={`run-row-${run.id}`}
      {...focus(run.id)}
      onFocusIn={() => (cursorRun.value = run.id)}
    >
      <Swatch run={run} />
      <Eye run={run} />
      <StatusSign status={run.status} />
      <a
        href={hrefFor({ project, run: run.id })}
        onClick={followLink}
        aria-current={own === run.id ? "page" : undefined}
        title={[run.name, run.displayId, run.cause, run.tags.join(", ")].filter(Boolean).join("\n")}
      >
        {run.name}
      </a>
      <span class="number" title={exactValue(column?.value(run))}>
        {column?.text(run, 0)}
      </span>
    </div>
  );
}

function GroupRow({ group, open, column }: { group: Group; open: boolean; column: Column | null }) {
  return (
    <div class="rail-row group" data-testid={`group-row${group.id}`} {...focus(group.id)}>
      <GroupEye group={group} />
      <GroupName group={group} open={open} />
      {column && <GroupValue group={group} column={column} />}
    </div>
  );
}
