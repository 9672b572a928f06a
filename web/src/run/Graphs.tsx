// Graphs that were logged as values: the one at a chosen step, drawn.

import { useMemo } from "preact/hooks";
import type { DataPoint } from "../api/types";
import { formatCount } from "../format";
import { MOST } from "../graph/flow";
import { readLogged } from "../graph/logged";
import { lazy } from "../parts/lazy";
import "../style/graph.css";
import { atStep, steps } from "./steps";
import { StepSlider } from "./StepSlider";
import { useStep } from "./useStep";

const Flow = lazy(() => import("../graph/FlowView").then((loaded) => loaded.FlowView), "the drawing");

const NOTHING_OPEN: ReadonlySet<string> = new Set();

export function Graphs({ points }: { points: readonly DataPoint[] }) {
  const at = steps(points);
  const [step, setStep] = useStep(at);
  const point = atStep(points, step)[0];
  const graph = useMemo(() => readLogged(point?.data), [point]);
  return (
    <>
      <StepSlider steps={at} step={step} set={setStep} />
      {!graph && <p class="muted">This graph has no nodes.</p>}
      {graph && graph.nodes.length <= MOST && (
        <Flow key={point?.step} roots={graph.nodes} recorded edges={graph.edges} start={() => NOTHING_OPEN} />
      )}
      {graph && graph.nodes.length > MOST && (
        <p class="muted">
          {formatCount(graph.nodes.length)} nodes and {formatCount(graph.edges)} edges: more than {MOST} nodes are not drawn. <code>pluto.query</code> reads all of
          them.
        </p>
      )}
    </>
  );
}
