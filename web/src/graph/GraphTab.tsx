// The model that was watched: a tree of its parts, with shapes, parameters and where inputs come from.

import { useState } from "preact/hooks";
import { fetchGraph } from "../api/client";
import type { RunAnswer } from "../api/types";
import { formatCount, formatNumber } from "../format";
import { Empty, ErrorPanel, Skeleton } from "../parts/states";
import { useFetched } from "../run/useFetched";
import { SearchField } from "../parts/SearchField";
import { textMatcher } from "../runs/filter";
import "../style/graph.css";
import { matching, readGraph, shapeText, type Part } from "./tree";

/** Parts below this depth begin folded. */
const OPEN_DEPTH = 2;

export function GraphTab({ answer: { run, version } }: { answer: RunAnswer }) {
  // A finished run's graph stays what it is; that of a running one comes with its first steps.
  const { data, error, retry } = useFetched(() => fetchGraph(run.id), [run.id, run.status === "RUNNING" && version < 200 ? version : 0]);
  const [search, setSearch] = useState("");
  const [folding, setFolding] = useState({ turn: 0, open: false });
  if (error && !data) return <ErrorPanel error={error} retry={retry} title="The graph could not be loaded" />;
  if (!data) return <Skeleton label="Loading the graph" />;
  const roots = readGraph(data.graph);
  if (!roots) return <NoGraph />;
  const text = search.trim();
  const found = text ? roots.map((root) => matching(root, textMatcher(text))).filter((root) => root !== null) : roots;
  const fold = (open: boolean) => setFolding({ turn: folding.turn + 1, open });
  return (
    <div class="graph-page" data-testid="graph">
      <div class="toolbar">
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
      <ul class="graph-tree" key={`${folding.turn}|${text !== ""}`}>
        {found.map((part) => (
          <Branch key={part.path} part={part} depth={0} open={text !== "" || folding.open || null} folded={folding.turn > 0 && !folding.open} />
        ))}
      </ul>
    </div>
  );
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
