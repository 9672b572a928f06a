// How the charts are looked at: filter, x axis, smoothing, log scale, outliers, zoom.

import { SearchField } from "../parts/SearchField";
import type { SmoothKind } from "../smoothing";
import { metricNames } from "../state/metrics";
import { markFor } from "../state/moment";
import { place } from "../state/route";
import {
  axisFor,
  chartFilter,
  clipped,
  fullChart,
  logScale,
  logX,
  readAxis,
  setAxis,
  smoothing,
  smoothKind,
  writeAxis,
  xAxis,
  zoomFor,
  type Axis,
} from "../state/view";
import { NamePicker } from "./NamePicker";
import { xText } from "./Tooltip";

export const AXES: readonly [Axis["kind"], string][] = [
  ["step", "Step"],
  ["relative", "Relative time"],
  ["time", "Time of day"],
];

export const SMOOTH_KINDS: readonly [SmoothKind, string][] = [
  ["ema", "average"],
  ["time", "average by distance"],
  ["gaussian", "gaussian"],
];

interface Props {
  /** Left out where there is only one chart. */
  filter?: boolean;
  /** The name of a chart below, or what all names below begin with: system metrics have no axis of steps. */
  name?: string;
}

export function Toolbar({ filter = true, name = "" }: Props) {
  return (
    <div class="toolbar" role="toolbar" aria-label="Charts">
      {filter && <FilterField />}
      <AxisField name={name} />
      <SmoothField />
      <Check label="log y" title="Logarithmic y axis" on={logScale.value} set={logScale.set} />
      <Check label="log x" title="Logarithmic x" on={logX.value} set={logX.set} />
      <Check label="clip outliers" title="Leave outliers out of the y range" on={clipped.value} set={clipped.set} />
      <div class="toolbar-chips">
        <MarkChip name={name} />
        <ZoomChip name={name} />
      </div>
    </div>
  );
}

function AxisField({ name }: { name: string }) {
  const axis = axisFor(name, xAxis.value);
  const kinds = AXES.filter(([kind]) => axisFor(name, { kind, metric: "" }).kind === kind);
  return (
    <span class="field">
      <label class="field">
        <span>x</span>
        <select
          aria-label="x axis"
          value={writeAxis(axis)}
          onChange={(event) => setAxis(readAxis(event.currentTarget.value))}
        >
          {kinds.map(([kind, label]) => (
            <option value={kind} key={kind}>
              {label}
            </option>
          ))}
          {axis.kind === "metric" && <option value={writeAxis(axis)}>{axis.metric}</option>}
        </select>
      </label>
      {!name.startsWith("sys/") && (
        <NamePicker
          label="Choose a metric for x"
          button="metric…"
          names={() => metricNames.peek()}
          choose={(metric) => setAxis({ kind: "metric", metric })}
        />
      )}
    </span>
  );
}

interface CheckProps {
  label: string;
  title: string;
  on: boolean;
  set(on: boolean): void;
}

export function Check({ label, title, on, set }: CheckProps) {
  return (
    <label class="field" title={title}>
      <input type="checkbox" aria-label={title} checked={on} onChange={(event) => set(event.currentTarget.checked)} />
      <span>{label}</span>
    </label>
  );
}

function SmoothField() {
  return (
    <span class="field">
      <label class="field">
        <span>smooth</span>
        <input
          type="range"
          min="0"
          max="0.99"
          step="0.01"
          aria-label="Smoothing"
          value={smoothing.value}
          onInput={(event) => smoothing.set(Number(event.currentTarget.value))}
        />
        <output class="number smooth-value">{smoothing.value}</output>
      </label>
      {smoothing.value > 0 && (
        <select
          aria-label="Smooth by"
          value={smoothKind.value}
          onChange={(event) => smoothKind.set(event.currentTarget.value as SmoothKind)}
        >
          {SMOOTH_KINDS.map(([kind, label]) => (
            <option value={kind} key={kind}>
              {label}
            </option>
          ))}
        </select>
      )}
    </span>
  );
}

function FilterField() {
  return (
    <SearchField main label="Filter charts by name" placeholder="Filter charts  /" value={chartFilter.value} set={chartFilter.set} />
  );
}

function ZoomChip({ name }: { name: string }) {
  const zoomed = zoomFor(name);
  if (!zoomed.value) return null;
  const [low, high] = zoomed.value;
  const axis = axisFor(name, xAxis.value);
  return (
    <button type="button" class="chip" title="Show everything (double click on a chart)" onClick={() => zoomed.set(null)}>
      {xText(axis, low)} – {xText(axis, high).replace("step ", "")} ✕
    </button>
  );
}

function MarkChip({ name }: { name: string }) {
  const mark = markFor(name);
  // A run's page has a bar for it, which the big chart hides.
  if (mark.value === null || (place.value.run !== null && !fullChart.value)) return null;
  return (
    <button type="button" class="chip" title="Let the crosshair go (click on a chart, or Esc)" onClick={() => mark.set(null)}>
      at {xText(axisFor(name, xAxis.value), mark.value)} ✕
    </button>
  );
}
