// What is known of one part of a drawn model.

import { formatCount } from "../format";
import type { PlacedBox } from "./layout";
import { shapeText, type Part } from "./tree";

interface Props {
  box: PlacedBox | undefined;
  logged: boolean;
  toggle(part: Part): void;
}

export function PartCard({ box, logged, toggle }: Props) {
  if (!box) return logged ? <NodeHint /> : <PartHint />;
  const { part, open } = box;
  return (
    <aside class="flow-card" aria-label={logged ? "The node" : "The part"}>
      <h2>{part.path}</h2>
      <dl>
        {!logged && <Fact name="type" values={[part.type]} />}
        {part.facts.map(([name, value]) => (
          <Fact key={name} name={name} values={[value]} />
        ))}
        {!logged && <Fact name="parameters" values={[formatCount(part.parameters)]} />}
        <Fact name="shapes" values={part.shapes.map(([key, shape]) => `${key} ${shapeText(shape)}`)} />
        <Fact name="takes" values={part.inputs} />
        <Fact name="from" values={part.sources} />
        <Fact name="parts" values={part.parts.length ? [formatCount(part.parts.length)] : []} />
      </dl>
      {part.parts.length > 0 && (
        <button type="button" class="button" onClick={() => toggle(part)}>
          {open ? "Fold" : "Open"}
        </button>
      )}
    </aside>
  );
}

function PartHint() {
  return (
    <aside class="flow-card muted" aria-label="The part">
      <p>Click a part for its type, parameters and shapes. A double click, or its +, opens it.</p>
      <p>Drag to move, wheel to come nearer. With the keyboard: Tab from part to part, Enter picks, Space opens, arrows move.</p>
    </aside>
  );
}

function NodeHint() {
  return (
    <aside class="flow-card muted" aria-label="The node">
      <p>Click a node for its attributes and where its edges come from.</p>
      <p>Drag to move; + and −, or Ctrl and the wheel, to come nearer. With the keyboard: Tab from node to node, Enter picks, arrows move; of very many nodes one is found by its name.</p>
    </aside>
  );
}

function Fact({ name, values }: { name: string; values: readonly string[] }) {
  if (!values.length) return null;
  return (
    <>
      <dt>{name}</dt>
      {values.map((value) => (
        <dd key={value}>{value}</dd>
      ))}
    </>
  );
}
