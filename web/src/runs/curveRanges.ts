// One range of y for all curves of a column, so that they can be compared down the column.

import { computed } from "@preact/signals";
import { toNumber } from "../format";
import { bestError } from "../state/best";
import { columns, listedRuns } from "../state/selection";
import { best } from "./best";
import { rangeOf, type Range } from "./curveShape";

/** By metric, over the listed runs; null where nothing is known of them. A metric is absent until its values have come. */
export const curveRanges = computed<ReadonlyMap<string, Range | null>>(() => {
  const names = columns.value.flatMap(({ curve }) => (curve === undefined ? [] : [curve]));
  return new Map(
    names.flatMap((name) => {
      const known = best.value.get(name);
      if (!known) return bestError.value ? [[name, null] as const] : [];
      const values = listedRuns.value.flatMap(({ id }) => {
        const run = known.get(id);
        return run ? [run.min, run.mean, run.metric, run.max].map((value) => toNumber(value) ?? NaN) : [];
      });
      return [[name, rangeOf(values)] as const];
    }),
  );
});
