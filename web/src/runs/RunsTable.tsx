// The runs as a table: any column, sorted by any, with rows that exist only while in sight.

import type { Run } from "../api/types";
import { exactValue } from "../format";
import { useRows } from "../parts/hooks";
import { Empty } from "../parts/states";
import { now, runs } from "../state/catalog";
import { followLink, hrefFor, place } from "../state/route";
import { columns, listedRuns, sortBy, sortOrder } from "../state/selection";
import { runFilter } from "../state/view";
import { ColumnChooser } from "./ColumnChooser";
import type { Column } from "./columns";
import { Eye } from "./Eye";
import { cursorRun, FilterField } from "./Rail";
import { StatusBadge } from "./Status";
import { Swatch } from "./Swatch";
import { useEffect } from "preact/hooks";

const ROW = 32;

export function RunsTable() {
  const list = listedRuns.value;
  return (
    <div class="table-page">
      <div class="toolbar">
        <FilterField />
        <span class="muted number">
          {list.length} of {runs.value.length} runs
        </span>
        <ColumnChooser />
      </div>
      {list.length ? <Grid list={list} /> : <NoMatch />}
    </div>
  );
}

function NoMatch() {
  return (
    <Empty title={`No run matches “${runFilter.value}”`}>
      <button type="button" class="button" onClick={() => runFilter.set("")}>
        Clear the filter
      </button>
    </Empty>
  );
}

function Grid({ list }: { list: readonly Run[] }) {
  const rows = useRows(list.length, ROW, ROW);
  const shown = columns.value;
  const cursor = cursorRun.value;
  useEffect(() => {
    const index = list.findIndex((run) => run.id === cursor);
    if (index >= 0) rows.scrollTo(index);
  }, [cursor]);
  return (
    <div class="table-scroll" ref={rows.scroller} onScroll={rows.onScroll} tabIndex={0} aria-label="Runs table">
      <table class="runs-table" data-testid="runs-table" aria-rowcount={list.length + 1}>
        <Head columns={shown} />
        <tbody>
          <tr style={{ height: `${rows.above}px` }} aria-hidden="true" />
          {list.slice(rows.from, rows.to).map((run) => (
            <Row key={run.id} run={run} columns={shown} cursor={run.id === cursor} />
          ))}
          <tr style={{ height: `${rows.below}px` }} aria-hidden="true" />
        </tbody>
      </table>
    </div>
  );
}

function Head({ columns: shown }: { columns: readonly Column[] }) {
  const order = sortOrder.value;
  // A metric and a config key may have one name: both then say which they are.
  const labels = shown.map((column) => column.label);
  const label = ({ label: short, key }: Column) => (labels.indexOf(short) === labels.lastIndexOf(short) ? short : key);
  return (
    <thead>
      <tr>
        {shown.map((column) => {
          const direction = order === column.key ? "ascending" : order === `-${column.key}` ? "descending" : "none";
          return (
            <th key={column.key} aria-sort={direction} class={isRight(column) ? "right" : ""} data-column={column.key}>
              <button type="button" onClick={() => sortBy(column.key)} title={`Sort by ${column.key}`}>
                {label(column)}
                <span aria-hidden="true">{direction === "ascending" ? " ↑" : direction === "descending" ? " ↓" : ""}</span>
              </button>
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

function isRight(column: Column): boolean {
  return column.key.startsWith("metric.") || column.key === "duration";
}

function Row({ run, columns: shown, cursor }: { run: Run; columns: readonly Column[]; cursor: boolean }) {
  return (
    <tr class={cursor ? "cursor" : ""} data-testid={`run-row-${run.id}`}>
      {shown.map((column) => (
        <Cell key={column.key} run={run} column={column} />
      ))}
    </tr>
  );
}

function Cell({ run, column }: { run: Run; column: Column }) {
  if (column.key === "name") return <NameCell run={run} />;
  if (column.key === "status") {
    return (
      <td>
        <StatusBadge status={run.status} cause={run.cause} />
      </td>
    );
  }
  if (column.key === "tags") {
    return (
      <td>
        {run.tags.map((tag) => (
          <button type="button" class="tag" key={tag} title={`Runs tagged ${tag}`} onClick={() => runFilter.set(`tag:${tag}`)}>
            {tag}
          </button>
        ))}
      </td>
    );
  }
  const value = column.value(run);
  return (
    <td class={`${column.numeric ? "number" : ""} ${isRight(column) ? "right" : ""}`} title={exactValue(value)}>
      {column.text(run, now.value)}
    </td>
  );
}

function NameCell({ run }: { run: Run }) {
  return (
    <td class="name-cell">
      <div>
        <Swatch run={run} />
        <Eye run={run} />
        <a href={hrefFor({ project: place.value.project, run: run.id })} onClick={followLink} title={run.name}>
          {run.name}
        </a>
        {run.displayId !== run.name && <span class="muted">{run.displayId}</span>}
      </div>
    </td>
  );
}
