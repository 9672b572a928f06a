// Bars: one value of each shown run, or the mean of each group with its deviation, longest first.

import type { Column } from "../runs/columns";
import { formatNumber } from "../format";
import { linearTicks } from "../charts/ticks";
import { focusedRun } from "../state/focus";
import { token } from "../state/theme";
import type { Point } from "./points";

const ROW = 22;
const BOTTOM = 22;

interface Props {
  points: readonly Point[];
  column: Column;
  width: number;
}

/** So high are the bars of so many points. */
export function barsHeight(count: number): number {
  return count * ROW + BOTTOM;
}

export function Bars({ points, column, width }: Props) {
  const known = points
    .map((point) => ({ point, value: point.values[column.key] }))
    .filter((item): item is { point: Point; value: number } => typeof item.value === "number" && Number.isFinite(item.value))
    .sort((a, b) => b.value - a.value);
  if (!known.length) return <p class="chart-nothing">no run of the list has a value</p>;
  const reach = ({ point }: { point: Point }) => point.deviations[column.key] ?? 0;
  const low = Math.min(0, ...known.map((item) => item.value - reach(item)));
  const high = Math.max(0, ...known.map((item) => item.value + reach(item)));
  const left = Math.min(0.4 * width, 20 + 6.4 * Math.max(...known.map(({ point }) => Math.min(28, point.label.length))));
  const unit = (width - left - 60) / (high - low || 1);
  const x = (value: number) => left + (value - low) * unit;
  const height = barsHeight(known.length);
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} font-size="11" font-family="system-ui, sans-serif" role="img" aria-label={`Bars of ${column.label}`}>
      {linearTicks(low, high).map((tick) => (
        <g key={tick}>
          <path d={`M${x(tick)} 0V${height - BOTTOM}`} stroke={token("--grid")} />
          <text x={x(tick)} y={height - 8} text-anchor="middle" fill={token("--muted")}>
            {formatNumber(tick)}
          </text>
        </g>
      ))}
      {known.map((item, index) => (
        <Bar key={item.point.id} {...item} deviation={reach(item)} top={index * ROW} left={left} x={x} />
      ))}
    </svg>
  );
}

interface BarProps {
  point: Point;
  value: number;
  deviation: number;
  top: number;
  left: number;
  x(value: number): number;
}

function Bar({ point, value, deviation, top, left, x }: BarProps) {
  const faded = focusedRun.value !== null && focusedRun.value !== point.id;
  const [from, to] = [Math.min(x(0), x(value)), Math.max(x(0), x(value))];
  const middle = top + ROW / 2;
  const label = point.label.length > 28 ? `${point.label.slice(0, 27)}…` : point.label;
  return (
    <g opacity={faded ? 0.35 : 1} onPointerEnter={() => (focusedRun.value = point.id)} onPointerLeave={() => (focusedRun.value = null)} data-run={point.id}>
      <title>{`${point.label}: ${value}${deviation ? ` ± ${deviation}` : ""}`}</title>
      <text x={left - 8} y={middle + 4} text-anchor="end" fill={token("--text")}>
        {label}
      </text>
      <rect x={from} y={top + 4} width={Math.max(1, to - from)} height={ROW - 8} rx="2" fill={point.color} />
      {deviation > 0 && <path d={`M${x(value - deviation)} ${middle}H${x(value + deviation)}`} stroke={token("--text")} stroke-width="1.5" />}
      <text x={Math.max(to, x(value + deviation)) + 6} y={middle + 4} fill={token("--muted")}>
        {formatNumber(value)}
      </text>
    </g>
  );
}
