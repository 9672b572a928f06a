// One chart: a card with the name of a metric and a line a run. Out of sight it is an empty card.

import { batch, computed } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { ComponentChildren } from "preact";
import type { ApiError } from "../api/http";
import type { Run, Scalar } from "../api/types";
import { exactValue, toNumber } from "../format";
import { useInSight } from "../parts/hooks";
import { nearest } from "../series/merge";
import { focusedMetric, focusedRun, type Focus } from "../state/focus";
import { lookOf } from "../state/look";
import { shownGroups } from "../state/selection";
import { fullChart, markedChart, type ChartLook, type Span } from "../state/view";
import { ChartMenu } from "./ChartMenu";
import { ownedLook, OwnNote } from "./ChartSettings";
import type { Line } from "./lines";
import type { Hover, Omitted, Plot } from "./plot";
import { CROWD } from "./paint";
import { tellDrawn, tellGone } from "./probe";
import { nearestLine, readings, Tooltip, type Reading } from "./Tooltip";
import { formatIn, unitOf, type Unit } from "./units";
import { prepare, useLines } from "./useLines";
import { usePlot, type UsedPlot } from "./usePlot";

interface Props {
  /** The metric, or for a panel of several what the page knows it by. */
  name: string;
  title: string;
  runs: readonly Run[];
  /** The metrics of a panel that has its own. */
  names?: readonly string[];
  /** What the lines of several metrics are called; else as the metrics. */
  labels?: Readonly<Record<string, string>>;
  /** What a panel settles for itself, whatever the toolbar says. */
  own?: Partial<ChartLook>;
  /** Whether this is the big one over the page. */
  full?: boolean;
  /** More entries of the menu. */
  menu?: ComponentChildren;
}

export function Chart(props: Props) {
  const { name, title, full = false } = props;
  const [card, inSight] = useInSight<HTMLElement>();
  // The big one stands for the small one behind it.
  if (!full && fullChart.value === name) return <section class="chart" ref={card} />;
  return (
    <section class={`chart ${full ? "chart-full" : ""}`} ref={card} data-testid={`chart-${name}`} data-chart={name} aria-label={title}>
      {inSight ? (
        <Body {...props} />
      ) : (
        <header class="chart-head">
          <h3>{title}</h3>
        </header>
      )}
    </section>
  );
}

/** So many buckets as the width can show, in few sizes so that charts share requests; of many lines half as many. */
function bucketsFor(width: number, runs: number): number {
  const buckets = [300, 600, 1200].find((enough) => width <= enough) ?? 2400;
  return runs > CROWD ? buckets / 2 : buckets;
}

/** What stands out: the focused run, or the group it is in. */
const focused = computed<Focus | null>(() => {
  const run = focusedRun.value;
  const group = shownGroups.value.find((each) => each.runs.some(({ id }) => id === run));
  return run === null ? null : { run: group?.id ?? run, metric: focusedMetric.value };
});

/** A chart that has not the focused metric lets all lines of the run stand out. */
function focusIn(names: readonly string[]): Focus | null {
  const focus = focused.value;
  return focus?.metric && !names.includes(focus.metric) ? everyMetric.value : focus;
}

const everyMetric = computed<Focus | null>(() => focused.value && { ...focused.value, metric: null });

function Body({ name, title, runs, names = [name], labels = {}, own = {}, full = false, menu }: Props) {
  const look = ownedLook(name, { ...lookOf(names[0] ?? ""), ...own });
  const { axis, smoothing, span, mark } = look;
  const unit = unitOf(names[0] ?? "");
  const groups = shownGroups.value;
  const focus = focusIn(names);
  const buckets = bucketsFor(full ? innerWidth : 500, runs.length);
  const wanted = { runs, groups, names, labels, x: axis, span, buckets, smoothing };
  const { lines, loading, error, retry } = useLines(wanted);
  const { log, logX, clip, limits } = look;
  const onZoom = (next: Span | null) => look.zoom.set(next);
  const onReach = (next: Span) => prepare(wanted, next);
  const pinned = mark.value;
  const onClick = (x: number) => {
    markedChart.value = name;
    mark.set(pinned === null ? (nearestX(lines, x) ?? x) : null);
  };
  const used = usePlot({ lines, x: axis, log, logX, clip, unit, span, limits, onZoom, onReach, onClick, focus, mark: pinned });
  const at = used.plot && pinned !== null ? pinnedAt(used.plot, used.hover, pinned, markedChart.value === name) : used.hover;
  const rows = at ? readings(lines, at.x, unit) : [];
  useProbe(name, lines);
  useFocus(used, rows, lines.length);
  return (
    <>
      <header class="chart-head">
        <h3 title={names.join("\n")}>{title}</h3>
        <OwnNote name={name} />
        <HeadValue lines={lines} rows={rows} last={runs[0]?.summary[name]} unit={unit} />
        <ChartMenu name={name} title={title} lines={lines} plot={used.plot} look={look} unit={unit} full={full}>
          {menu}
        </ChartMenu>
      </header>
      <div class={`chart-plot ${pinned === null ? "" : "pinned"}`} ref={used.host}>
        {at?.own && used.plot && rows.length > 0 && (
          <Tooltip axis={axis} hover={at} rows={rows} focus={focus} smoothing={smoothing} area={used.plot.area()} />
        )}
        {lines.length === 0 && !error && <p class="chart-nothing">{loading ? "loading…" : nothing(look)}</p>}
        {error && <Failed error={error} retry={retry} />}
        <Notes omitted={used.omitted} />
      </div>
    </>
  );
}

/** Where the crosshair is pinned, for this chart; null where that is out of its window. */
function pinnedAt(plot: Plot, hover: Hover | null, x: number, clicked: boolean): Hover | null {
  const left = plot.xToPixel(x);
  if (!(left >= 0 && left <= plot.area().width)) return null;
  return { x, left, y: hover?.y ?? 0, top: hover?.top ?? 0, own: clicked || (hover?.own ?? false) };
}

/** The x of a point of any line that is nearest. */
function nearestX(lines: readonly Line[], x: number): number | null {
  const all = lines.flatMap(({ series }) => series.x[nearest(series.x, x)] ?? []);
  return all.length ? all.reduce((best, next) => (Math.abs(next - x) < Math.abs(best - x) ? next : best)) : null;
}

function nothing({ axis, span }: ChartLook): string {
  if (span) return "no points in this stretch: a double click shows everything";
  return axis.kind === "metric" ? `no point has both this and ${axis.metric}` : "no points here yet";
}

/** What the axes leave out is said, never hidden. */
function Notes({ omitted: { hidden, outside } }: { omitted: Omitted }) {
  const notes = [
    hidden > 0 ? "log axis: values ≤ 0 are not shown" : "",
    outside > 0 ? `${outside} outlying ${outside === 1 ? "point lies" : "points lie"} out of the range` : "",
  ].filter(Boolean);
  return notes.length ? <p class="chart-note">{notes.join("; ")}</p> : null;
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
  const line = own && plot && hover && count > 1 ? nearestLine(rows, hover.top, plot.yToPixel) : null;
  const [run, metric] = [line?.run ?? null, line?.series.name ?? null];
  useEffect(() => {
    if (!own) return;
    point(run, metric);
    return () => point(null, null);
  }, [own, run, metric]);
}

function point(run: number | null, metric: string | null): void {
  batch(() => {
    focusedRun.value = run;
    focusedMetric.value = metric;
  });
}
