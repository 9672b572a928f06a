// The runs beside the charts: colour, eye, status, name, and one value.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Run } from "../api/types";
import { exactValue, formatCount, formatScalar } from "../format";
import { focusedRun } from "../charts/Chart";
import { useRows } from "../parts/hooks";
import { runs } from "../state/catalog";
import { followLink, hrefFor, place } from "../state/route";
import { listedRuns, railMetric, shownIds, showDefault, showOnly, sortOrder } from "../state/selection";
import { runFilter } from "../state/view";
import { columnFor } from "./columns";
import { Eye } from "./Eye";
import { StatusSign } from "./Status";
import { Swatch } from "./Swatch";

const ROW = 30;

/** The run that j, k, x and Enter act on. */
export const cursorRun = signal<number | null>(null);
/** On a phone the rail is a sheet over the page. */
export const railOpen = signal(false);

export function Rail() {
  const list = listedRuns.value;
  const rows = useRows(list.length, ROW);
  const cursor = cursorRun.value;
  useEffect(() => {
    const index = list.findIndex((run) => run.id === cursor);
    if (index >= 0) rows.scrollTo(index);
  }, [cursor]);
  useEffect(() => {
    railOpen.value = false;
  }, [place.value]);
  return (
    <aside class={`rail ${railOpen.value ? "open" : ""}`} aria-label="Runs" data-testid="runs-rail">
      <RailHead count={list.length} />
      <div class="rail-rows" ref={rows.scroller} onScroll={rows.onScroll}>
        <div style={{ height: `${rows.above}px` }} />
        {list.slice(rows.from, rows.to).map((run) => (
          <Row key={run.id} run={run} metric={railMetric.value} cursor={cursor === run.id} />
        ))}
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
    </aside>
  );
}

function RailHead({ count }: { count: number }) {
  const total = runs.value.length;
  const metric = railMetric.value;
  return (
    <header class="rail-head">
      <div class="rail-title">
        <h2>
          Runs <span class="muted number">{count === total ? formatCount(total) : `${formatCount(count)} of ${formatCount(total)}`}</span>
        </h2>
        <ShowMenu />
      </div>
      <FilterField />
      {metric && (
        <div class="rail-sort muted">
          <span>{sortLabel()}</span>
          <span title="The value beside each run">{metric}</span>
        </div>
      )}
    </header>
  );
}

function sortLabel(): string {
  const order = sortOrder.value;
  const label = columnFor(order.replace(/^-/, ""))?.label ?? "created";
  if (order === "-created") return "newest first";
  return `${label} ${order.startsWith("-") ? "↓" : "↑"}`;
}

export function FilterField() {
  return (
    <input
      type="search"
      class="search"
      data-search="rail"
      placeholder="Filter: text, tag:v2, loss<0.3"
      title="Words, tag:…, status:…, loss<0.3, config.lr>=1e-3, /regex/, and a minus in front to leave out"
      aria-label="Filter runs"
      value={runFilter.value}
      onInput={(event) => runFilter.set(event.currentTarget.value)}
    />
  );
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
          title="Draw all runs of the list (up to 100)"
          onClick={() => showOnly(listedRuns.value.slice(0, 100).map((run) => run.id))}
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

function Row({ run, metric, cursor }: { run: Run; metric: string | null; cursor: boolean }) {
  const { project, run: own } = place.value;
  const value = metric === null ? undefined : run.summary[metric];
  return (
    <div
      class={`rail-row ${own === run.id ? "own" : ""} ${cursor ? "cursor" : ""}`}
      data-testid={`run-row-${run.id}`}
      onPointerEnter={() => (focusedRun.value = run.id)}
      onPointerLeave={() => (focusedRun.value = null)}
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
      <span class="number" title={exactValue(value)}>
        {formatScalar(value)}
      </span>
    </div>
  );
}
