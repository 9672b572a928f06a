// A series of strings: each change of the value with the step it came at, newest first.

import type { DataPoint } from "../api/types";
import { formatCount, formatDate } from "../format";

/** Rows made at once. */
const MOST = 200;

export function Strings({ points }: { points: readonly DataPoint[] }) {
  const changes = points.filter((point, index) => point.data !== points[index - 1]?.data).reverse();
  return (
    <table class="plain-table">
      <thead>
        <tr>
          <th class="right">Step</th>
          <th>Value</th>
        </tr>
      </thead>
      <tbody>
        {changes.slice(0, MOST).map((point) => (
          <tr key={`${point.step}|${point.time}`}>
            <td class="number right" title={formatDate(point.time)}>
              {formatCount(point.step)}
            </td>
            <td class="string-cell">{String(point.data)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
