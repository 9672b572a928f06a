// The curve of a metric in a cell of the runs table, in the range that all curves of the column share.

import { useEffect, useMemo, useState } from "preact/hooks";
import { sinceScroll } from "../parts/scrolling";
import type { Run, Series } from "../api/types";
import { formatNumber, formatScalar } from "../format";
import { release, watch, type Entry } from "../series/store";
import { colorOf } from "../state/colors";
import { curveRanges } from "./curveRanges";
import { HEIGHT, shapeOf, WIDTH } from "./curveShape";

/** As many as can be told apart in the width. */
const BUCKETS = 60;
/** Rows that only scroll by fetch nothing: they wait until nothing has moved for so many ms. */
const PATIENCE = 120;

export function Sparkline({ run, name }: { run: Run; name: string }) {
  const series = useSeries(run.id, name);
  const range = curveRanges.value.get(name);
  // While the table scrolls its rows are made anew in every frame.
  const shape = useMemo(() => (series && range !== undefined ? shapeOf(series, range) : null), [series, range]);
  if (!shape) return <span class="sparkline" />;
  const words = `${formatNumber(shape.low)} to ${formatNumber(shape.high)}, last ${formatScalar(run.summary[name])}`;
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} role="img" aria-label={`${name} of ${run.name}: ${words}`}>
      <title>{words}</title>
      <path d={shape.line} stroke={colorOf(run)} />
      {shape.beyond && <path class="beyond" d={shape.beyond} fill={colorOf(run)} />}
    </svg>
  );
}

function useSeries(run: number, name: string): Series | null {
  const [entry, setEntry] = useState<Entry | null>(null);
  useEffect(() => {
    let held: Entry | null = null;
    let timer = setTimeout(function look() {
      const rest = PATIENCE - sinceScroll();
      if (rest > 0) {
        timer = setTimeout(look, rest);
        return;
      }
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
