// The settings that a chart may have of its own, in its menu; what is set is said in its head.

import type { ComponentChildren } from "preact";
import { formatNumber } from "../format";
import { metricNames } from "../state/metrics";
import { clearOwn, hasOwn, ownLook, setOwn, type Limits, type OwnLook } from "../state/chartOwn";
import { readAxis, writeAxis, type Axis, type ChartLook } from "../state/view";
import { NamePicker } from "./NamePicker";
import { AXES, SMOOTH_KINDS } from "./Toolbar";
import type { SmoothKind } from "../smoothing";

/** How a chart is looked at, with what was settled for it alone. */
export function ownedLook(name: string, look: ChartLook): ChartLook {
  const own = ownLook(name);
  const { smoothing } = look;
  return {
    ...look,
    log: own.log ?? look.log,
    limits: own.limits ?? look.limits,
    smoothing: { kind: own.by ?? smoothing.kind, weight: own.smooth ?? smoothing.weight },
    ...(own.axis ? ofAxis(name, own, own.axis, look) : {}),
  };
}

/** Zoom and mark of the page are on another axis. */
function ofAxis(name: string, { zoom }: OwnLook, axis: Axis, { logX }: ChartLook): Partial<ChartLook> {
  return {
    axis,
    logX: logX && axis.kind !== "time",
    span: zoom ?? null,
    zoom: { set: (span) => setOwn(name, { zoom: span ?? undefined }) },
    mark: { value: null, set: () => undefined },
  };
}

/** What is settled for this chart, in few words. */
export function OwnNote({ name }: { name: string }) {
  const { axis, log, limits, smooth } = ownLook(name);
  const notes = [
    log === undefined ? "" : log ? "log y" : "linear y",
    limits ? limitsText(limits) : "",
    axis ? `x ${axis.metric || AXES.find(([kind]) => kind === axis.kind)?.[1].toLowerCase()}` : "",
    smooth === undefined ? "" : `smoothed ${smooth}`,
  ].filter(Boolean);
  if (!notes.length) return null;
  return (
    <span class="chart-own muted" title="Settings of this chart alone: see its menu">
      {notes.join(" · ")}
    </span>
  );
}

function limitsText([low, high]: Limits): string {
  if (low !== null && high !== null) return `y ${formatNumber(low)} to ${formatNumber(high)}`;
  return low === null ? `y up to ${formatNumber(high ?? NaN)}` : `y from ${formatNumber(low)}`;
}

export function ChartSettings({ name, look }: { name: string; look: ChartLook }) {
  const own = ownLook(name);
  const set = (changes: OwnLook) => setOwn(name, changes);
  return (
    <fieldset class="chart-settings">
      <legend>This chart alone</legend>
      <Row label="y axis">
        <select
          aria-label="Scale of this chart"
          value={own.log === undefined ? "" : own.log ? "log" : "linear"}
          onChange={({ currentTarget: { value } }) => set({ log: value === "" ? undefined : value === "log" })}
        >
          <option value="">as the page</option>
          <option value="linear">linear</option>
          <option value="log">logarithmic</option>
        </select>
      </Row>
      <LimitsRow limits={own.limits ?? [null, null]} set={(limits) => set({ limits })} />
      <AxisRow name={name} own={own} set={set} />
      <Row label="smooth">
        <input
          type="range"
          min="0"
          max="0.99"
          step="0.01"
          aria-label="Smoothing of this chart"
          value={look.smoothing.weight}
          onInput={(event) => set({ smooth: Number(event.currentTarget.value) })}
        />
        <output class="number smooth-value">{look.smoothing.weight}</output>
      </Row>
      {look.smoothing.weight > 0 && (
        <Row label="by">
          <select aria-label="Smooth this chart by" value={look.smoothing.kind} onChange={(event) => set({ by: event.currentTarget.value as SmoothKind })}>
            {SMOOTH_KINDS.map(([kind, label]) => (
              <option value={kind} key={kind}>
                {label}
              </option>
            ))}
          </select>
        </Row>
      )}
      <button type="button" disabled={!hasOwn(name)} onClick={() => clearOwn(name)}>
        As the page has it
      </button>
    </fieldset>
  );
}

function Row({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div class="chart-setting">
      <span class="muted">{label}</span>
      {children}
    </div>
  );
}

function LimitsRow({ limits: [low, high], set }: { limits: Limits; set(limits: Limits | undefined): void }) {
  const read = (text: string) => (text.trim() === "" || Number.isNaN(Number(text)) ? null : Number(text));
  return (
    <Row label="y from">
      <input
        class="search"
        inputMode="decimal"
        placeholder="auto"
        aria-label="Lowest y of this chart"
        value={low ?? ""}
        onChange={(event) => set([read(event.currentTarget.value), high])}
      />
      <span class="muted">to</span>
      <input
        class="search"
        inputMode="decimal"
        placeholder="auto"
        aria-label="Highest y of this chart"
        value={high ?? ""}
        onChange={(event) => set([low, read(event.currentTarget.value)])}
      />
    </Row>
  );
}

function AxisRow({ name, own, set }: { name: string; own: OwnLook; set(changes: OwnLook): void }) {
  const choose = (axis: Axis | undefined) => set({ axis, zoom: undefined });
  const kinds = name.startsWith("sys/") ? AXES.filter(([kind]) => kind !== "step") : AXES;
  return (
    <Row label="x axis">
      <select
        aria-label="x axis of this chart"
        value={own.axis ? writeAxis(own.axis) : ""}
        onChange={({ currentTarget: { value } }) => choose(value === "" ? undefined : readAxis(value))}
      >
        <option value="">as the page</option>
        {kinds.map(([kind, label]) => (
          <option value={kind} key={kind}>
            {label}
          </option>
        ))}
        {own.axis?.kind === "metric" && <option value={writeAxis(own.axis)}>{own.axis.metric}</option>}
      </select>
      {!name.startsWith("sys/") && (
        <NamePicker
          label="Choose a metric for x of this chart"
          button="metric…"
          names={() => metricNames.peek()}
          choose={(metric) => choose({ kind: "metric", metric })}
        />
      )}
    </Row>
  );
}
