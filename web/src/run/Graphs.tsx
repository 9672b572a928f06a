// Graphs that were logged as values: the one at a chosen step, drawn.

import { useMemo } from "preact/hooks";
import type { DataPoint } from "../api/types";
import { formatCount } from "../format";
import { FEW, MOST, MOST_PAINTED, openedUpTo } from "../graph/flow";
import { readLogged } from "../graph/logged";
import { scopesOf } from "../graph/scopes";
import { lazy } from "../parts/lazy";
import "../style/graph.css";
import { atStep, steps } from "./steps";
import { StepSlider } from "./StepSlider";
import { useStep } from "./useStep";

const Flow = lazy(() => import("../graph/FlowView").then((loaded) => loaded.FlowView), "the drawing");

export function Graphs({ points }: { points: readonly DataPoint[] }) {
  const at = steps(points);
  const [step, setStep] = useStep(at);
  const point = atStep(points, step)[0];
  const graph = useMemo(() => readLogged(point?.data), [point]);
  const roots = useMemo(() => (graph && graph.nodes.length > MOST ? scopesOf(graph.nodes) : (graph?.nodes ?? [])), [graph]);
  return (
    <>
      <StepSlider steps={at} step={step} set={setStep} />
      {!graph && <p class="muted">This graph has no nodes.</p>}
      {graph && roots.length <= MOST_PAINTED && (
        <Flow key={point?.step} roots={roots} recorded nodes={graph.nodes.length} edges={graph.edges} start={() => openedUpTo(roots, FEW)} />
      )}
      {graph && roots.length > MOST_PAINTED && (
        <p class="muted">
          {formatCount(graph.nodes.length)} nodes and {formatCount(graph.edges)} edges: more than {formatCount(MOST_PAINTED)} side by side are not drawn.{" "}
          <code>pluto.query</code> reads all of them.
        </p>
      )}
    </>
  );
}
