// How the charts are looked at: filter, x axis, smoothing, log scale, zoom.

import type { XKind } from "../api/types";
import { axisFor, chartFilter, logScale, setXKind, smoothing, xKind, zoom } from "../state/view";
import { xText } from "./Tooltip";

const KINDS: readonly [XKind, string][] = [
  ["step", "Step"],
  ["relative", "Relative time"],
  ["time", "Time of day"],
];

interface Props {
  /** Left out where there is only one chart. */
  filter?: boolean;
  /** The name of a chart below, or what all names below begin with: system metrics have no axis of steps. */
  name?: string;
}

export function Toolbar({ filter = true, name = "" }: Props) {
  const kinds = KINDS.filter(([kind]) => axisFor(name, kind) === kind);
  return (
    <div class="toolbar" role="toolbar" aria-label="Charts">
      {filter && <FilterField />}
      <label class="field">
        <span>x</span>
        <select
          aria-label="x axis"
          value={axisFor(name, xKind.value)}
          onChange={(event) => setXKind(event.currentTarget.value as XKind)}
        >
          {kinds.map(([kind, label]) => (
            <option value={kind} key={kind}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <SmoothField />
      <label class="field">
        <input
          type="checkbox"
          aria-label="Logarithmic y axis"
          checked={logScale.value}
          onChange={(event) => logScale.set(event.currentTarget.checked)}
        />
        <span>log y</span>
      </label>
      {zoom.value && <ZoomChip />}
    </div>
  );
}

function SmoothField() {
  return (
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
  );
}

function FilterField() {
  return (
    <input
      type="search"
      class="search"
      data-search="main"
      placeholder="Filter charts  /"
      aria-label="Filter charts by name"
      value={chartFilter.value}
      onInput={(event) => chartFilter.set(event.currentTarget.value)}
    />
  );
}

function ZoomChip() {
  const [low, high] = zoom.value as readonly [number, number];
  const kind = xKind.value;
  return (
    <button type="button" class="chip" title="Show everything (double click on a chart)" onClick={() => zoom.set(null)}>
      {xText(kind, low)} – {xText(kind, high).replace("step ", "")} ✕
    </button>
  );
}
