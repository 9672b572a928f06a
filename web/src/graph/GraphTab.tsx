// The model that was watched, as a tree of its parts or drawn: with shapes, parameters and where inputs come from.

import { useMemo, useState } from "preact/hooks";
import { fetchGraph } from "../api/client";
import type { RunAnswer } from "../api/types";
import { formatCount, formatNumber } from "../format";
import { lazy } from "../parts/lazy";
import { Empty, ErrorPanel, Skeleton } from "../parts/states";
import { useFetched } from "../run/useFetched";
import { SearchField } from "../parts/SearchField";
import { textMatcher } from "../runs/filter";
import { graphDrawn } from "../state/view";
import "../style/graph.css";
import { allParts, FEW, MOST_PAINTED, openedUpTo } from "./flow";
import { matching, readGraph, shapeText, type Part } from "./tree";

/** Parts below this depth begin folded. */
const OPEN_DEPTH = 2;

const Flow = lazy(() => import("./FlowView").then((loaded) => loaded.FlowView), "the drawing");

export function GraphTab({ answer: { run, version } }: { answer: RunAnswer }) {
  // A finished run's graph stays what it is; that of a running one comes with its first steps.
  const { data, error, retry } = useFetched(() => fetchGraph(run.id), [run.id, run.status === "RUNNING" && version < 200 ? version : 0]);
  const roots = useMemo(() => data && readGraph(data.graph), [data]);
  if (error && !data) return <ErrorPanel error={error} retry={retry} title="The graph could not be loaded" />;
  if (!data) return <Skeleton label="Loading the graph" />;
  return roots ? <Model roots={roots} /> : <NoGraph />;
}

function Model({ roots }: { roots: Part[] }) {
  const [search, setSearch] = useState("");
  const [folding, setFolding] = useState<Folding>({ turn: 0, open: false });
  const text = search.trim();
  const found = useMemo(() => (text ? roots.map((root) => matching(root, textMatcher(text))).filter((root) => root !== null) : roots), [roots, text]);
  const fold = (open: boolean) => setFolding({ turn: folding.turn + 1, open });
  const View = graphDrawn.value ? Drawn : Tree;
  return (
    <div class="graph-page" data-testid="graph">
      <div class="toolbar">
        <Shapes />
        <SearchField main label="Search the parts of the model" placeholder="Search parts  /" value={search} set={setSearch} />
        <span class="muted number">{formatCount(roots.reduce((sum, root) => sum + root.parameters, 0))} parameters</span>
        <span class="spacer" />
        <button type="button" class="button" onClick={() => fold(true)}>
          Unfold all
        </button>
        <button type="button" class="button" onClick={() => fold(false)}>
          Fold all
        </button>
      </div>
      {found.length === 0 && <p class="muted">No part matches “{search}”.</p>}
      {found.length > 0 && <View key={`${folding.turn}|${text}`} roots={found} all={roots} searched={text !== ""} folding={folding} />}
    </div>
  );
}

function Shapes() {
  const drawn = graphDrawn.value;
  return (
    <span class="shapes" role="group" aria-label="How the model is shown">
      <button type="button" class="button" aria-pressed={!drawn} onClick={() => graphDrawn.set(false)}>
        Tree
      </button>
      <button type="button" class="button" aria-pressed={drawn} onClick={() => graphDrawn.set(true)}>
        Graph
      </button>
    </span>
  );
}

interface Folding {
  /** How often all was folded or unfolded. */
  turn: number;
  open: boolean;
}

interface ViewProps {
  /** What the search has found of the model, and all of it. */
  roots: Part[];
  all: Part[];
  searched: boolean;
  folding: Folding;
}

function Tree({ roots, searched, folding }: ViewProps) {
  return (
    <ul class="graph-tree">
      {roots.map((part) => (
        <Branch key={part.path} part={part} depth={0} open={searched || folding.open || null} folded={folding.turn > 0 && !folding.open} />
      ))}
    </ul>
  );
}

function Drawn({ roots, all, searched, folding }: ViewProps) {
  if (roots.length > MOST_PAINTED) return <p class="muted">{formatCount(roots.length)} parts stand side by side: too many to be drawn. The tree shows them.</p>;
  const start = () => (folding.turn > 0 && !folding.open && !searched ? new Set<string>() : openedUpTo(roots, searched || folding.open ? MOST_PAINTED : FEW));
  return <Flow roots={roots} recorded={allParts(all).some((part) => part.sources.length > 0)} start={start} />;
}

function NoGraph() {
  return (
    <Empty title="No model graph">
      <p>
        Record the model's parts with <code>run.watch(model)</code> before the first step.
      </p>
    </Empty>
  );
}

interface BranchProps {
  part: Part;
  depth: number;
  /** Whether every branch is open; null: by depth. */
  open: boolean | null;
  folded: boolean;
}

function Branch({ part, depth, open, folded }: BranchProps) {
  if (!part.parts.length) {
    return (
      <li class="graph-leaf">
        <PartLine part={part} />
      </li>
    );
  }
  return (
    <li>
      <details open={open ?? (!folded && depth < OPEN_DEPTH)}>
        <summary>
          <PartLine part={part} />
        </summary>
        <ul>
          {part.parts.map((inner) => (
            <Branch key={inner.path} part={inner} depth={depth + 1} open={open} folded={folded} />
          ))}
        </ul>
      </details>
    </li>
  );
}

function PartLine({ part }: { part: Part }) {
  const { path, name, type, shapes, parameters, inputs, sources } = part;
  return (
    <span class="graph-part" title={path}>
      <b>{name}</b> {type !== name && <span class="muted">{type}</span>}
      {shapes.map(([key, shape]) => (
        <code key={key}>
          {key} {shapeText(shape)}
        </code>
      ))}
      {parameters > 0 && (
        <span class="muted number" title={`${formatCount(parameters)} parameters`}>
          {formatNumber(parameters, 3)}
        </span>
      )}
      {inputs.length > 0 && <span class="muted">takes {inputs.join(", ")}</span>}
      {sources.length > 0 && <span class="muted">from {sources.join(", ")}</span>}
    </span>
  );
}
