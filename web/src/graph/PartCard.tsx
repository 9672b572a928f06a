// What is known of one part of a drawn model.

import { formatCount } from "../format";
import type { PlacedBox } from "./layout";
import { shapeText, type Part } from "./tree";

export function PartCard({ box, toggle }: { box: PlacedBox | undefined; toggle(part: Part): void }) {
  if (!box) {
    return (
      <aside class="flow-card muted" aria-label="The part">
        <p>Click a part for its type, parameters and shapes. A double click, or its +, opens it.</p>
        <p>Drag to move, wheel to come nearer. With the keyboard: Tab from part to part, Enter picks, Space opens, arrows move.</p>
      </aside>
    );
  }
  const { part, open } = box;
  return (
    <aside class="flow-card" aria-label="The part">
      <h2>{part.path}</h2>
      <dl>
        <Fact name="type" values={[part.type]} />
        <Fact name="parameters" values={[formatCount(part.parameters)]} />
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
