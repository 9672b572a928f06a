// A logged table at a chosen step, sorted by any of its columns.

import { useState } from "preact/hooks";
import type { DataPoint } from "../api/types";
import { exactValue, formatCount, formatValue } from "../format";
import { atStep, steps } from "./steps";
import { StepSlider } from "./StepSlider";

interface TableData {
  rows: unknown[][];
  columns: string[];
  rowNames: string[] | null;
}

/** Rows made at once; a table is for reading. */
const MOST = 200;

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
  const [chosen, setChosen] = useState<number | null>(null);
  const step = chosen ?? (all[all.length - 1] as number);
  const point = atStep(points, step)[0];
  const table = readTable(point?.data);
  return (
    <>
      <StepSlider steps={all} step={step} set={setChosen} />
      {table ? <Grid table={table} /> : <p class="muted">The value at this step is not a table.</p>}
    </>
  );
}

interface Order {
  column: number;
  down: boolean;
}

function Grid({ table }: { table: TableData }) {
  const [order, setOrder] = useState<Order | null>(null);
  const indices = sorted(table.rows, order);
  const most = largest(table);
  return (
    <div class="table-box">
      <table class="plain-table">
        <thead>
          <tr>
            {table.rowNames && <th />}
            {table.columns.map((name, column) => (
              <th key={column}>
                <button type="button" onClick={() => setOrder({ column, down: order?.column === column && !order.down })}>
                  {name} {order?.column === column ? (order.down ? "↓" : "↑") : ""}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {indices.slice(0, MOST).map((index) => (
            <tr key={index}>
              {table.rowNames && <th scope="row">{table.rowNames[index]}</th>}
              {(table.rows[index] as unknown[]).map((cell, column) => (
                <Cell key={column} value={cell} heat={most && typeof cell === "number" ? cell / most : 0} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {indices.length > MOST && <p class="muted">and {formatCount(indices.length - MOST)} more rows</p>}
    </div>
  );
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

function sorted(rows: readonly unknown[][], order: Order | null): number[] {
  const indices = rows.map((_, index) => index);
  if (!order) return indices;
  const sign = order.down ? -1 : 1;
  return indices.sort((a, b) => sign * compare(rows[a]?.[order.column], rows[b]?.[order.column]));
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return formatValue(a).localeCompare(formatValue(b), undefined, { numeric: true });
}
