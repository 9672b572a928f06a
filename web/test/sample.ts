// A run as the server lists it, for tests.

import type { Run } from "../src/api/types";

export function sampleRun(id: number, more: Partial<Run> = {}): Run {
  return {
    id,
    displayId: `R-${id}`,
    name: `run-${id}`,
    project: "p",
    status: "COMPLETED",
    cause: null,
    tags: [],
    notes: null,
    createdAt: id,
    updatedAt: id,
    durationMs: 1,
    config: {},
    summary: {},
    metricCount: 0,
    ...more,
  };
}
