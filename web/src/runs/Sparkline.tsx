// The curve of a metric in a cell of the runs table: its shape, each in a range of its own.

import { useEffect, useState } from "preact/hooks";
import type { Run, Series } from "../api/types";
import { formatNumber, formatScalar } from "../format";
import { release, watch, type Entry } from "../series/store";
import { colorOf } from "../state/colors";

const WIDTH = 96;
const HEIGHT = 20;
const EDGE = 2;
/** As many as can be told apart in the width. */
const BUCKETS = 60;
/** Rows that only scroll by, for less than so many ms, fetch nothing. */
const PATIENCE = 120;

export function Sparkline({ run, name }: { run: Run; name: string }) {
  const series = useSeries(run.id, name);
  const shape = series && shapeOf(series);
  if (!shape) return <span class="sparkline" />;
  const words = `${formatNumber(shape.low)} to ${formatNumber(shape.high)}, last ${formatScalar(run.summary[name])}`;
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} role="img" aria-label={`${name} of ${run.name}: ${words}`}>
      <title>{words}</title>
      <path d={shape.line} stroke={colorOf(run)} />
    </svg>
  );
}

function useSeries(run: number, name: string): Series | null {
  const [entry, setEntry] = useState<Entry | null>(null);
  useEffect(() => {
    let held: Entry | null = null;
    const timer = setTimeout(() => {
      held = watch({ run, name, x: "step", lo: null, hi: null, buckets: BUCKETS });
      setEntry(held);
    }, PATIENCE);
    return () => {
      clearTimeout(timer);
      if (held) release(held);
    };
  }, [run, name]);
  return entry?.state.value.series ?? null;
}

/** The line, with a stroke where a bucket has a range, and the extremes; null without any number. */
function shapeOf({ x, mean, min, max }: Series): { line: string; low: number; high: number } | null {
  const low = min.filter(Number.isFinite).reduce((a, b) => Math.min(a, b), Infinity);
  const high = max.filter(Number.isFinite).reduce((a, b) => Math.max(a, b), -Infinity);
  if (!(low <= high)) return null;
  const place = scale(x[0] as number, x[x.length - 1] as number, EDGE, WIDTH - EDGE);
  const rise = scale(low, high, HEIGHT - EDGE, EDGE);
  const at = (index: number, value: number) => `${place(x[index] as number).toFixed(1)} ${rise(value).toFixed(1)}`;
  let line = "";
  let drawing = false;
  mean.forEach((value, index) => {
    const known = Number.isFinite(value);
    if (known) {
      const all = [value, max[index] as number, min[index] as number, value];
      line += (drawing ? "L" : "M") + all.map((each) => at(index, each)).join("L");
    }
    drawing = known;
  });
  return { line, low, high };
}

function scale(low: number, high: number, from: number, to: number): (value: number) => number {
  if (low === high) return () => (from + to) / 2;
  return (value) => from + ((value - low) / (high - low)) * (to - from);
}
