// Values that exist at some steps only: which of them to show at a given step.

interface AtStep {
  step: number;
}

/** The steps at which there is anything, ascending. */
export function steps(items: readonly AtStep[]): number[] {
  return [...new Set(items.map((item) => item.step))].sort((a, b) => a - b);
}

/** The items of the latest step not after the given one. */
export function atStep<T extends AtStep>(items: readonly T[], step: number): T[] {
  const latest = items.reduce((best, item) => (item.step <= step ? Math.max(best, item.step) : best), -1);
  return items.filter((item) => item.step === latest);
}

/** Of ascending steps the one to be at: no later than was wanted as far as there is one, the newest where nothing was. */
export function stepFor(all: readonly number[], wanted: number | null): number {
  return all.findLast((step) => wanted === null || step <= wanted) ?? all[0] ?? 0;
}
