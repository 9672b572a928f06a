// How the page has a chart looked at: the view's settings and the pinned moment, put together.

import { markFor } from "./moment";
import { axisFor, clipped, logScale, logX, smoothing, smoothKind, xAxis, zoomFor, type ChartLook } from "./view";

/** How the toolbar and the URL say that the chart of a metric is looked at. */
export function lookOf(name: string): ChartLook {
  const zoomed = zoomFor(name);
  return {
    axis: axisFor(name, xAxis.value),
    smoothing: { kind: smoothKind.value, weight: smoothing.value },
    log: logScale.value,
    logX: logX.value && axisFor(name, xAxis.value).kind !== "time",
    clip: clipped.value,
    span: zoomed.value,
    zoom: zoomed,
    limits: [null, null],
    mark: markFor(name),
  };
}
