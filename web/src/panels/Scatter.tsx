// A point a run: one of its values over another one.

import { useState } from "preact/hooks";
import type { Column } from "../runs/columns";
import { focusedRun } from "../state/focus";
import { go, place } from "../state/route";
import { token } from "../state/theme";
import type { Point } from "./points";
import { scaleFor, scaleOf, type Scale } from "./scale";

interface Props {
  points: readonly Point[];
  x: Column;
  y: Column;
  log: boolean;
  width: number;
  height: number;
}

const LEFT = 56;
const RIGHT = 14;
const TOP = 8;
const BOTTOM = 40;

export function Scatter({ points, x, y, log, width, height }: Props) {
  const [near, setNear] = useState<number | null>(null);
  const across = scaleFor(x, points.map((point) => point.values[x.key]));
  const up = scaleOf(points.map((point) => point.values[y.key]), log);
  const placed = points.map((point) => ({
    point,
    left: LEFT + across.place(point.values[x.key]) * (width - LEFT - RIGHT),
    top: height - BOTTOM - up.place(point.values[y.key]) * (height - TOP - BOTTOM),
  }));
  const drawn = placed.filter(({ left, top }) => Number.isFinite(left) && Number.isFinite(top));
  const enter = (id: number | null) => {
    setNear(id);
    focusedRun.value = id;
  };
  if (!drawn.length) return <p class="chart-nothing">no run of the list has both values</p>;
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} font-size="11" font-family="system-ui, sans-serif" role="img" aria-label={`${y.label} over ${x.label}`}>
      <Grid across={across} up={up} width={width} height={height} />
      <text x={(LEFT + width - RIGHT) / 2} y={height - 6} text-anchor="middle" fill={token("--muted")}>
        {[x.detail, x.label, across.log && "(log)"].filter(Boolean).join(" ")}
      </text>
      {drawn.map(({ point, left, top }) => (
        <circle
          key={point.id}
          data-run={point.id}
          cx={left}
          cy={top}
          r={near === point.id ? 7 : 4.5}
          fill={point.color}
          fill-opacity="0.85"
          stroke={token("--surface")}
          opacity={focusedRun.value === null || focusedRun.value === point.id ? 1 : 0.3}
          cursor="pointer"
          onPointerEnter={() => enter(point.id)}
          onPointerLeave={() => enter(null)}
          onClick={() => go({ project: place.peek().project, run: point.id })}
        >
          <title>{`${point.label}\n${x.label}: ${String(point.values[x.key])}\n${y.label}: ${String(point.values[y.key])}`}</title>
        </circle>
      ))}
    </svg>
  );
}

function Grid({ across, up, width, height }: { across: Scale; up: Scale; width: number; height: number }) {
  const x = (at: number) => LEFT + at * (width - LEFT - RIGHT);
  const y = (at: number) => height - BOTTOM - at * (height - TOP - BOTTOM);
  // Labels that would run into each other are left out.
  const every = Math.ceil((across.ticks.length * 60) / (width - LEFT));
  return (
    <>
      {across.ticks.map(({ at, label }, index) => (
        <g key={`x${label}`}>
          <path d={`M${x(at)} ${TOP}V${height - BOTTOM}`} stroke={token("--grid")} />
          {index % every === 0 && (
            <text x={x(at)} y={height - BOTTOM + 15} text-anchor="middle" fill={token("--muted")}>
              {label.length > 12 ? `${label.slice(0, 11)}…` : label}
            </text>
          )}
        </g>
      ))}
      {up.ticks.map(({ at, label }) => (
        <g key={`y${label}`}>
          <path d={`M${LEFT} ${y(at)}H${width - RIGHT}`} stroke={token("--grid")} />
          <text x={LEFT - 6} y={y(at) + 4} text-anchor="end" fill={token("--muted")}>
            {label.length > 9 ? `${label.slice(0, 8)}…` : label}
          </text>
        </g>
      ))}
    </>
  );
}
