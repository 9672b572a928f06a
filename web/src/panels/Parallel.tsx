// Parallel coordinates: an axis a column, a line a run. A drag along an axis leaves only the runs within.

import { useRef, useState } from "preact/hooks";
import type { Column } from "../runs/columns";
import { focusedRun } from "../state/focus";
import { go, place } from "../state/route";
import { token } from "../state/theme";
import type { Point } from "./points";
import { scaleFor, type Scale } from "./scale";

interface Props {
  points: readonly Point[];
  columns: readonly Column[];
  width: number;
  height: number;
}

const SIDE = 60;
const TOP = 30;
const BOTTOM = 12;

/** The chosen part of each axis, from 0 to 1, by column key. */
type Ranges = Readonly<Record<string, readonly [number, number]>>;

export function Parallel({ points, columns, width, height }: Props) {
  const [ranges, setRanges] = useState<Ranges>({});
  const scales = columns.map((column) => scaleFor(column, points.map((point) => point.values[column.key])));
  const x = (index: number) => SIDE + (columns.length > 1 ? (index * (width - 2 * SIDE)) / (columns.length - 1) : 0);
  const y = (at: number) => height - BOTTOM - at * (height - TOP - BOTTOM);
  const lines = points.map((point) => {
    const places = columns.map((column, index) => (scales[index] as Scale).place(point.values[column.key]));
    const chosen = columns.every((column, index) => isWithin(ranges[column.key], places[index] as number));
    return { point, places, chosen };
  });
  // Chosen lines lie over the others.
  const ordered = lines.filter(({ places }) => places.some(Number.isFinite)).sort((a, b) => Number(a.chosen) - Number(b.chosen));
  if (!ordered.length) return <p class="chart-nothing">no run of the list has these values</p>;
  const choose = (key: string, range: readonly [number, number] | null) => {
    const { [key]: _, ...rest } = ranges;
    setRanges(range ? { ...rest, [key]: range } : rest);
  };
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} font-size="11" font-family="system-ui, sans-serif" role="img" aria-label="Parallel coordinates">
      {ordered.map(({ point, places, chosen }) => (
        <Polyline key={point.id} point={point} path={pathOf(places, x, y)} chosen={chosen} />
      ))}
      {columns.map((column, index) => (
        <AxisLine
          key={column.key}
          column={column}
          scale={scales[index] as Scale}
          x={x(index)}
          y={y}
          range={ranges[column.key] ?? null}
          choose={(range) => choose(column.key, range)}
          anchor={index === 0 ? "start" : index === columns.length - 1 ? "end" : "middle"}
        />
      ))}
    </svg>
  );
}

function isWithin(range: readonly [number, number] | undefined, at: number): boolean {
  return !range || (at >= range[0] && at <= range[1]);
}

/** A run without a value on an axis has a gap there. */
function pathOf(places: readonly number[], x: (index: number) => number, y: (at: number) => number): string {
  return places
    .map((at, index) => (Number.isFinite(at) ? `${Number.isFinite(places[index - 1] ?? NaN) ? "L" : "M"}${x(index)} ${y(at)}` : ""))
    .join("");
}

function Polyline({ point, path, chosen }: { point: Point; path: string; chosen: boolean }) {
  const focused = focusedRun.value === point.id;
  const faded = !chosen || (focusedRun.value !== null && !focused);
  return (
    <path
      d={path}
      data-run={point.id}
      data-chosen={chosen}
      fill="none"
      stroke={chosen ? point.color : token("--line")}
      stroke-width={focused ? 3 : 1.5}
      opacity={faded ? 0.4 : 0.9}
      cursor="pointer"
      onPointerEnter={() => chosen && (focusedRun.value = point.id)}
      onPointerLeave={() => (focusedRun.value = null)}
      onClick={() => go({ project: place.peek().project, run: point.id })}
    >
      <title>{point.label}</title>
    </path>
  );
}

interface AxisProps {
  column: Column;
  scale: Scale;
  x: number;
  y(at: number): number;
  range: readonly [number, number] | null;
  choose(range: readonly [number, number] | null): void;
  anchor: "start" | "middle" | "end";
}

function AxisLine({ column, scale, x, y, range, choose, anchor }: AxisProps) {
  const from = useRef<number | null>(null);
  const at = (event: PointerEvent) => {
    const box = (event.currentTarget as SVGElement).getBoundingClientRect();
    return 1 - (event.clientY - box.top) / box.height;
  };
  const drag = (event: PointerEvent) => {
    if (from.current === null) return;
    const [low, high] = [Math.min(from.current, at(event)), Math.max(from.current, at(event))];
    choose(high - low > 0.02 ? [low, high] : null);
  };
  const name = [column.detail, column.label, scale.log && "(log)"].filter(Boolean).join(" ");
  return (
    <g>
      <text x={anchor === "middle" ? x : anchor === "start" ? 6 : x + SIDE - 6} y="14" text-anchor={anchor} fill={token("--text")} font-weight="600">
        {name.length > 24 ? `…${name.slice(-23)}` : name}
      </text>
      <path d={`M${x} ${y(0)}V${y(1)}`} stroke={token("--muted")} />
      {scale.ticks.map(({ at: tick, label }) => (
        <text key={label} x={x + 6} y={y(tick) + 4} fill={token("--muted")} paint-order="stroke" stroke={token("--surface")} stroke-width="3">
          {label.length > 14 ? `${label.slice(0, 13)}…` : label}
        </text>
      ))}
      {range && <rect x={x - 6} y={y(range[1])} width="12" height={y(range[0]) - y(range[1])} fill={token("--accent")} fill-opacity="0.35" />}
      <rect
        class="parallel-axis"
        data-axis={column.key}
        x={x - 10}
        y={y(1)}
        width="20"
        height={y(0) - y(1)}
        fill="transparent"
        cursor="ns-resize"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          from.current = at(event);
        }}
        onPointerMove={drag}
        onPointerUp={(event) => {
          drag(event);
          from.current = null;
        }}
      >
        <title>{`Drag to choose a part of ${name}; click for all of it`}</title>
      </rect>
    </g>
  );
}
