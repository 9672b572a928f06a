// The runs as a table: any column, sorted by any, with rows that exist only while in sight.

import { useEffect, useRef } from "preact/hooks";
import { formatCount, formatNumber } from "../format";
import { download } from "../parts/download";
import { useRows } from "../parts/hooks";
import { ErrorPanel } from "../parts/states";
import { Unread } from "../parts/Unread";
import { bestError } from "../state/best";
import { runs } from "../state/catalog";
import { isPicked, pickAll, picked } from "../state/picked";
import { place } from "../state/route";
import { columns, heat, items, listedRuns, pinned, sortBy, sortOrder, type Item } from "../state/selection";
import { BulkBar } from "./BulkBar";
import { ColumnChooser } from "./ColumnChooser";
import type { Column } from "./columns";
import { curveRanges } from "./curveRanges";
import { DeletedButton } from "./DeletedRuns";
import { FilterField } from "./FilterField";
import { GroupButton } from "./GroupChooser";
import { NoMatch } from "./NoMatch";
import { cursorRun } from "./Rail";
import { tableCsv } from "./tableCsv";
import { GroupRow, isRight, RunRow } from "./TableRows";

const ROW = 32;

export function RunsTable() {
  const count = listedRuns.value.length;
  return (
    <div class="table-page">
      <div class="toolbar">
        <FilterField />
        <span class="muted number">
          {formatCount(count)} of {formatCount(runs.value.length)} runs
        </span>
        <Unread />
        <GroupButton />
        <ColumnChooser />
        <button
          type="button"
          class="button"
          aria-pressed={heat.value}
          title="Shade results by their rank among the listed runs: the higher the value, the stronger"
          onClick={() => heat.set(!heat.value)}
        >
          Heat
        </button>
        <button type="button" class="button" title="Save the listed runs with these columns" onClick={saveCsv}>
          CSV
        </button>
        <DeletedButton text="Deleted…" />
        <BulkBar />
      </div>
      {bestError.value && <ErrorPanel error={bestError.value} title="Best values could not be read" />}
      {count ? <Grid list={items.value} /> : <NoMatch />}
    </div>
  );
}

function saveCsv(): void {
  download(new Blob([tableCsv(listedRuns.peek(), columns.peek())], { type: "text/csv" }), `${place.peek().project ?? "runs"}.csv`);
}

function Grid({ list }: { list: readonly Item[] }) {
  const rows = useRows(list.length, ROW, ROW);
  const shown = columns.value;
  const cursor = cursorRun.value;
  const table = useRef<HTMLTableElement>(null);
  const pins = usePins(table, shown);
  useEffect(() => {
    const index = list.findIndex((item) => "run" in item && item.run.id === cursor);
    if (index >= 0) rows.scrollTo(index);
  }, [cursor]);
  return (
    <div class="table-scroll" ref={rows.scroller} onScroll={rows.onScroll} tabIndex={0} role="region" aria-label="Runs table">
      <table class="runs-table" data-testid="runs-table" aria-rowcount={list.length + 1} ref={table}>
        <Head columns={shown} pins={pins} />
        <tbody>
          <tr style={{ height: `${rows.above}px` }} aria-hidden="true" />
          {list.slice(rows.from, rows.to).map((item) =>
            "run" in item ? (
              <RunRow key={item.run.id} run={item.run} columns={shown} pins={pins} cursor={item.run.id === cursor} picked={isPicked(item.run.id)} />
            ) : (
              <GroupRow key={item.group.key} group={item.group} open={item.open} columns={shown} pins={pins} />
            ),
          )}
          <tr style={{ height: `${rows.below}px` }} aria-hidden="true" />
        </tbody>
      </table>
    </div>
  );
}

/** Where each pinned column stands when the rest scrolls below it: pixels from the left, by key. */
export type Pins = ReadonlyMap<string, number>;

function usePins(table: { current: HTMLTableElement | null }, shown: readonly Column[]): Pins {
  const keys = shown.filter((column) => pinned.value.has(column.key)).map((column) => column.key);
  const widths = useRef<Pins>(new Map());
  useEffect(() => {
    const cells = [...(table.current?.querySelectorAll<HTMLElement>("thead th[data-column]") ?? [])];
    let left = 0;
    for (const cell of cells) {
      if (!keys.includes(cell.dataset.column as string)) continue;
      // Set on the cells themselves: another render for a pixel's worth of news would flicker.
      const name = `--pin-${keys.indexOf(cell.dataset.column as string)}`;
      table.current?.style.setProperty(name, `${left}px`);
      left += cell.offsetWidth;
    }
  });
  widths.current = new Map(keys.map((key, index) => [key, index]));
  return widths.current;
}

function Head({ columns: shown, pins }: { columns: readonly Column[]; pins: Pins }) {
  // A metric and a config key may have one name: both then say which they are.
  const names = shown.map((column) => `${column.detail} ${column.label}`);
  return (
    <thead>
      <tr>
        {shown.map((column, index) => {
          const twice = names.indexOf(names[index] as string) !== names.lastIndexOf(names[index] as string);
          return <HeadCell key={column.key} column={column} label={twice ? column.key : column.label} pin={pins.get(column.key)} />;
        })}
      </tr>
    </thead>
  );
}

function HeadCell({ column, label, pin }: { column: Column; label: string; pin: number | undefined }) {
  const order = sortOrder.value;
  const direction = order === column.key ? "ascending" : order === `-${column.key}` ? "descending" : "none";
  return (
    <th
      aria-sort={direction}
      class={`${isRight(column) ? "right" : ""} ${pin === undefined ? "" : "pinned"}`}
      style={pin === undefined ? {} : { left: `var(--pin-${pin})` }}
      data-column={column.key}
    >
      {column.key === "name" && <PickAll />}
      <button type="button" onClick={() => sortBy(column.key)} title={`Sort by ${column.key}`}>
        {column.detail && <span class="column-detail">{column.detail} </span>}
        {label}
        {column.curve !== undefined && <CurveRange name={column.curve} />}
        <span aria-hidden="true">{direction === "ascending" ? " ↑" : direction === "descending" ? " ↓" : ""}</span>
      </button>
    </th>
  );
}

/** From where to where all curves of a column are drawn. */
function CurveRange({ name }: { name: string }) {
  const range = curveRanges.value.get(name);
  if (!range) return null;
  const words = `${formatNumber(range.low, 3)} to ${formatNumber(range.high, 3)}`;
  return (
    <span class="column-detail" title="All curves of this column have this range; outliers are cut off at its edges">
      {" "}
      {words}
    </span>
  );
}

function PickAll() {
  const ids = listedRuns.value.map((run) => run.id);
  const count = ids.filter((id) => picked.value.has(id)).length;
  return (
    <input
      type="checkbox"
      aria-label="Select all runs of the list"
      title="Select all runs of the list"
      checked={count > 0 && count === ids.length}
      indeterminate={count > 0 && count < ids.length}
      onChange={(event) => pickAll(event.currentTarget.checked ? ids : [])}
    />
  );
}
