// One chart: a card with the name of a metric and a line a run. Out of sight it is an empty card.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { ApiError } from "../api/http";
import type { Run, Scalar } from "../api/types";
import { exactValue, toNumber } from "../format";
import { useInSight } from "../parts/hooks";
import { axisFor, fullChart, logScale, smoothing, xKind, zoom } from "../state/view";
import { ChartMenu } from "./ChartMenu";
import type { Line } from "./lines";
import { tellDrawn, tellGone } from "./probe";
import { nearestRun, readings, Tooltip, type Reading } from "./Tooltip";
import { formatIn, unitOf, type Unit } from "./units";
import { useLines } from "./useLines";
import { usePlot, type UsedPlot } from "./usePlot";

/** The run under the pointer, in the rail or in a chart: all charts let the others fade. */
export const focusedRun = signal<number | null>(null);

interface Props {
  name: string;
  title: string;
  runs: readonly Run[];
  /** Whether this is the big one over the page. */
  full?: boolean;
}

export function Chart({ name, title, runs, full = false }: Props) {
  const [card, inSight] = useInSight<HTMLElement>();
  // The big one stands for the small one behind it.
  if (!full && fullChart.value === name) return <section class="chart" ref={card} />;
  return (
    <section class={`chart ${full ? "chart-full" : ""}`} ref={card} data-testid={`chart-${name}`} data-chart={name} aria-label={name}>
      {inSight ? (
        <Body name={name} title={title} runs={runs} full={full} />
      ) : (
        <header class="chart-head">
          <h3>{title}</h3>
        </header>
      )}
    </section>
  );
}

/** So many buckets as the width can show, in few sizes so that charts share requests. */
function bucketsFor(width: number): number {
  return [300, 600, 1200].find((buckets) => width <= buckets) ?? 2400;
}

function Body({ name, title, runs, full }: Required<Props>) {
  const x = axisFor(name, xKind.value);
  const zoomable = x === xKind.value;
  const span = zoomable ? zoom.value : null;
  const unit = unitOf(name);
  const buckets = bucketsFor(full ? innerWidth : 500);
  const { lines, loading, error, retry } = useLines({ runs, name, x, span, buckets, smoothing: smoothing.value });
  const used = usePlot({ lines, x, log: logScale.value, unit, span, zoomable, focus: focusedRun.value });
  const rows = used.hover ? readings(lines, used.hover.x, unit) : [];
  useProbe(name, lines);
  useFocus(used, rows, lines.length);
  return (
    <>
      <header class="chart-head">
        <h3 title={name}>{title}</h3>
        <HeadValue lines={lines} rows={rows} last={runs[0]?.summary[name]} unit={unit} />
        <ChartMenu name={name} lines={lines} plot={used.plot} full={full} />
      </header>
      <div class="chart-plot" ref={used.host}>
        {used.hover?.own && used.plot && rows.length > 0 && (
          <Tooltip
            kind={x}
            hover={used.hover}
            rows={rows}
            focus={focusedRun.value}
            smoothing={smoothing.value}
            area={used.plot.area()}
          />
        )}
        {lines.length === 0 && !error && <p class="chart-nothing">{loading ? "loading…" : "no points here yet"}</p>}
        {error && <Failed error={error} retry={retry} />}
        {used.hidden > 0 && <p class="chart-note">log axis: values ≤ 0 are not shown</p>}
      </div>
    </>
  );
}

function Failed({ error, retry }: { error: ApiError; retry: () => void }) {
  return (
    <p class="chart-note error" role="alert">
      {error.message}{" "}
      <button type="button" class="link" onClick={retry}>
        Try again
      </button>
    </p>
  );
}

interface HeadValueProps {
  lines: readonly Line[];
  rows: readonly Reading[];
  last: Scalar | undefined;
  unit: Unit;
}

/** One run: its value under the crosshair, else its last one. Many runs need the legend. */
function HeadValue({ lines, rows, last, unit }: HeadValueProps) {
  const line = lines[0];
  if (lines.length !== 1 || !line) return null;
  const reading = rows[0];
  const value = reading?.value ?? lastValue(line, last);
  return (
    <output class="chart-value number" title={exactValue(value)}>
      {reading?.text ?? formatIn(unit, value)}
    </output>
  );
}

/** The last point; where it shares a bucket with others, what the summary says. */
function lastValue({ series }: Line, summary: Scalar | undefined): number {
  const end = series.x.length - 1;
  const single = series.min[end] === series.max[end];
  return (single ? null : toNumber(summary)) ?? (series.mean[end] as number);
}

function useProbe(name: string, lines: readonly Line[]): void {
  useEffect(() => tellDrawn(name, lines), [name, lines]);
  useEffect(() => () => tellGone(name), [name]);
}

function useFocus({ hover, plot }: UsedPlot, rows: readonly Reading[], count: number): void {
  const own = hover?.own ?? false;
  const run = own && plot && hover && count > 1 ? nearestRun(rows, hover.top, plot.yToPixel) : null;
  useEffect(() => {
    if (!own) return;
    focusedRun.value = run;
    return () => {
      focusedRun.value = null;
    };
  }, [own, run]);
}
