// A logged table at a chosen step, sorted by any of its columns, and filtered.

import { useState } from "preact/hooks";
import type { DataPoint } from "../api/types";
import { exactValue, formatCount, formatValue } from "../format";
import { SearchField } from "../parts/SearchField";
import { textMatcher } from "../runs/filter";
import { atStep, steps } from "./steps";
import { StepSlider } from "./StepSlider";
import { useStep } from "./useStep";

interface TableData {
  rows: unknown[][];
  columns: string[];
  rowNames: string[] | null;
}

/** Rows made at once; a table is for reading. */
const MOST = 200;
/** Below this the eye is faster than a search field. */
const SEARCHED = 10;

/** The payload as rows and names; null when it is not a table. */
export function readTable(data: unknown): TableData | null {
  const payload = data as { table?: unknown; col?: unknown; row?: unknown } | null;
  if (!payload || !Array.isArray(payload.table)) return null;
  const rows = payload.table.filter(Array.isArray) as unknown[][];
  const width = Math.max(0, ...rows.map((row) => row.length));
  const given = names(payload.col);
  const columns = Array.from({ length: width }, (_, index) => given?.[index] ?? String(index));
  return { rows, columns, rowNames: names(payload.row) };
}

function names(list: unknown): string[] | null {
  if (!Array.isArray(list) || !list.length) return null;
  return list.map((item) => String((item as { name?: unknown } | null)?.name ?? ""));
}

export function Tables({ points }: { points: readonly DataPoint[] }) {
  const all = steps(points);
  const [step, setStep] = useStep(all);
  const point = atStep(points, step)[0];
  const table = readTable(point?.data);
  return (
    <>
      <StepSlider steps={all} step={step} set={setStep} />
      {table ? <Grid key={table.columns.join("|")} table={table} /> : <p class="muted">The value at this step is not a table.</p>}
    </>
  );
}

interface Order {
  column: number;
  down: boolean;
}

function Grid({ table }: { table: TableData }) {
  const [order, setOrder] = useState<Order | null>(null);
  const [search, setSearch] = useState("");
  const [most, setMost] = useState(MOST);
  const indices = sorted(table.rows, matching(table, search), order);
  const heat = largest(table);
  return (
    <>
      {table.rows.length > SEARCHED && <Search total={table.rows.length} found={indices.length} search={search} set={setSearch} />}
      <div class="table-box" tabIndex={0} role="region" aria-label="Rows of the table">
        <table class="plain-table">
          <Head table={table} order={order} set={setOrder} />
          <tbody>
            {indices.slice(0, most).map((index) => (
              <tr key={index}>
                {table.rowNames && <th scope="row">{table.rowNames[index]}</th>}
                {(table.rows[index] as unknown[]).map((cell, column) => (
                  <Cell key={column} value={cell} heat={heat && typeof cell === "number" ? cell / heat : 0} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
        {indices.length > most && (
          <button type="button" class="link" onClick={() => setMost(most + MOST)}>
            {formatCount(indices.length - most)} more rows: show {formatCount(Math.min(MOST, indices.length - most))}
          </button>
        )}
      </div>
    </>
  );
}

interface SearchProps {
  total: number;
  found: number;
  search: string;
  set(search: string): void;
}

function Search({ total, found, search, set }: SearchProps) {
  return (
    <div class="toolbar table-search">
      <SearchField label="Filter the rows of the table" placeholder="Filter rows" value={search} set={set} />
      <span class="muted number" role="status">
        {found === total ? `${formatCount(total)} rows` : `${formatCount(found)} of ${formatCount(total)} rows`}
      </span>
    </div>
  );
}

interface HeadProps {
  table: TableData;
  order: Order | null;
  set(order: Order): void;
}

function Head({ table, order, set }: HeadProps) {
  return (
    <thead>
      <tr>
        {table.rowNames && (
          <th>
            <span class="unseen">Row</span>
          </th>
        )}
        {table.columns.map((name, column) => {
          const own = order?.column === column ? order : null;
          return (
            <th key={column} aria-sort={own ? (own.down ? "descending" : "ascending") : undefined}>
              <button type="button" onClick={() => set({ column, down: own !== null && !own.down })}>
                {name} {own ? (own.down ? "↓" : "↑") : ""}
              </button>
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

/** Rows of which some cell, or the name, matches. */
function matching({ rows, rowNames }: TableData, search: string): number[] {
  const indices = rows.map((_, index) => index);
  if (!search.trim()) return indices;
  const matches = textMatcher(search.trim());
  return indices.filter((index) => matches([rowNames?.[index] ?? "", ...(rows[index] as unknown[]).map(formatValue)].join(" ")));
}

function Cell({ value, heat }: { value: unknown; heat: number }) {
  return (
    <td
      class={typeof value === "number" ? "number right heat" : ""}
      style={heat > 0 ? { "--heat": heat } : undefined}
      title={exactValue(value)}
    >
      {formatValue(value)}
    </td>
  );
}

/** The largest number of a matrix, such as a confusion table, to shade it by; null for other tables. */
function largest({ rows, rowNames }: TableData): number | null {
  const cells = rows.flat();
  const isMatrix = rowNames !== null && cells.every((cell) => typeof cell === "number" && cell >= 0);
  return isMatrix ? cells.reduce<number>((most, cell) => Math.max(most, cell as number), 0) : null;
}

function sorted(rows: readonly unknown[][], indices: readonly number[], order: Order | null): number[] {
  if (!order) return [...indices];
  const sign = order.down ? -1 : 1;
  return [...indices].sort((a, b) => sign * compare(rows[a]?.[order.column], rows[b]?.[order.column]));
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return formatValue(a).localeCompare(formatValue(b), undefined, { numeric: true });
}
