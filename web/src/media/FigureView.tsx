// A Plotly figure drawn without Plotly: what is logged often, small enough to come with the page.

import { formatNumber } from "../format";
import { theme, token } from "../state/theme";
import { axisOf, placeOn, readFigure, type Axis, type Trace } from "./figure";
import type { Figure } from "./kinds";

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT] = [520, 320, 56, 40, 10, 10];
const INNER = { width: WIDTH - LEFT - RIGHT, height: HEIGHT - BOTTOM - TOP };
const COLORS = ["#2c7fb8", "#d95f02", "#1b9e77", "#c2569b", "#7570b3", "#a6761d"];

interface Scales {
  x: Axis;
  y: Axis;
}

export function FigureView({ figure, label }: { figure: Figure; label: string }) {
  const { title, xTitle, yTitle, traces, unknown } = readFigure(figure);
  const flat = traces.filter((trace) => trace.kind !== "heat");
  const heat = traces.find((trace) => trace.kind === "heat");
  const bars = flat.some((trace) => trace.kind === "bar");
  const scales = {
    x: axisOf(heat ? places(heat.x, heat.z[0]?.length ?? 0) : flat.flatMap((trace) => trace.x), false),
    y: axisOf(heat ? places(heat.y, heat.z.length) : flat.flatMap((trace) => trace.y), bars),
  };
  return (
    <div class="figure-view">
      {title && <h3>{title}</h3>}
      {traces.length > 0 && (
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`${title || label}: ${traces.map((trace) => trace.name).join(", ")}`}>
          {heat ? <Heat trace={heat} /> : flat.map((trace, index) => <Shape key={index} trace={trace} index={index} all={flat} scales={scales} />)}
          <Axes scales={scales} xTitle={xTitle} yTitle={yTitle} />
        </svg>
      )}
      {flat.length > 1 && (
        <ul class="figure-legend">
          {flat.map((trace, index) => (
            <li key={index}>
              <span class="dot" style={{ "--dot": colorAt(index) }} /> {trace.name}
            </li>
          ))}
        </ul>
      )}
      {unknown.length > 0 && (
        <p class="muted">
          {unknown.join(", ")}: not drawn here. Download the JSON and open it with <code>plotly.io.from_json</code>.
        </p>
      )}
    </div>
  );
}

function places(given: readonly (number | string)[], count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(given[index] ?? index));
}

function colorAt(index: number): string {
  return COLORS[index % COLORS.length] as string;
}

const toX = (share: number) => LEFT + share * INNER.width;
const toY = (share: number) => TOP + (1 - share) * INNER.height;

interface ShapeProps {
  trace: Trace;
  index: number;
  all: readonly Trace[];
  scales: Scales;
}

function Shape({ trace, index, all, scales }: ShapeProps) {
  const color = colorAt(index);
  const points = trace.x.map((x, at) => [toX(placeOn(scales.x, x)), toY(placeOn(scales.y, trace.y[at] as number | string))] as const);
  const drawn = points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
  if (trace.kind === "line") {
    return <polyline points={drawn.map((point) => point.join()).join(" ")} fill="none" stroke={color} stroke-width="2" />;
  }
  if (trace.kind === "markers") {
    return <>{drawn.map(([x, y], at) => <circle key={at} cx={x} cy={y} r="3" fill={color} />)}</>;
  }
  const beside = all.filter((other) => other.kind === "bar");
  const steps = scales.x.names?.length ?? Math.max(1, new Set(beside.flatMap((other) => other.x)).size);
  const width = (INNER.width / steps / (beside.length + 0.5)) * (scales.x.names ? 1 : 0.8);
  const offset = (beside.indexOf(trace) - (beside.length - 1) / 2) * width;
  const ground = toY(placeOn(scales.y, 0));
  return (
    <>
      {drawn.map(([x, y], at) => (
        <rect key={at} x={x + offset - width / 2} y={Math.min(y, ground)} width={width} height={Math.abs(ground - y)} fill={color} />
      ))}
    </>
  );
}

function Heat({ trace: { z } }: { trace: Trace }) {
  const cells = z.flat().filter(Number.isFinite);
  const low = cells.reduce((a, b) => Math.min(a, b), Infinity);
  const high = cells.reduce((a, b) => Math.max(a, b), -Infinity);
  const height = INNER.height / Math.max(1, z.length);
  const accent = token("--accent");
  void theme.value; // the colour of the cells is that of the theme
  return (
    <>
      {z.flatMap((row, at) =>
        row.map((value, column) => (
          <rect
            key={`${at}|${column}`}
            x={LEFT + (column * INNER.width) / row.length}
            y={TOP + INNER.height - (at + 1) * height}
            width={INNER.width / row.length}
            height={height}
            fill={accent}
            fill-opacity={(value - low) / (high - low || 1)}
          >
            <title>{formatNumber(value)}</title>
          </rect>
        )),
      )}
    </>
  );
}

const TICKS = 5;
/** So many names fit below a chart. */
const MOST_NAMES = 12;

function ticksOf(axis: Axis): [number, string][] {
  if (axis.names) {
    const stride = Math.ceil(axis.names.length / MOST_NAMES);
    return axis.names.flatMap((name, index) => (index % stride ? [] : [[placeOn(axis, name), name] as [number, string]]));
  }
  const rough = (axis.high - axis.low) / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) as number);
  const first = Math.ceil(axis.low / step);
  const count = Math.floor(axis.high / step) - first + 1;
  return Array.from({ length: count }, (_, index) => (first + index) * step).map((value) => [placeOn(axis, value), formatNumber(value)]);
}

function Axes({ scales, xTitle, yTitle }: { scales: Scales; xTitle: string; yTitle: string }) {
  return (
    <g class="figure-axes">
      <path d={`M${LEFT} ${TOP}V${TOP + INNER.height}H${WIDTH - RIGHT}`} fill="none" />
      {ticksOf(scales.x).map(([share, text]) => (
        <text key={text} x={toX(share)} y={HEIGHT - BOTTOM + 15} text-anchor="middle">
          {text}
        </text>
      ))}
      {ticksOf(scales.y).map(([share, text]) => (
        <text key={text} x={LEFT - 6} y={toY(share) + 4} text-anchor="end">
          {text}
        </text>
      ))}
      {xTitle && (
        <text x={LEFT + INNER.width / 2} y={HEIGHT - 6} text-anchor="middle">
          {xTitle}
        </text>
      )}
      {yTitle && (
        <text x={12} y={TOP + INNER.height / 2} text-anchor="middle" transform={`rotate(-90 12 ${TOP + INNER.height / 2})`}>
          {yTitle}
        </text>
      )}
    </g>
  );
}
