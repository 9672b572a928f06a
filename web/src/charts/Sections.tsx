// Sections of charts that fold, and remember it.

import { useEffect, useState } from "preact/hooks";
import type { Run } from "../api/types";
import { foldsOf } from "../parts/folds";
import { useInSight } from "../parts/hooks";
import { pinChart } from "../state/panels";
import { place } from "../state/route";
import { Chart } from "./Chart";
import { opensAtFirst, type Section } from "./sections";

/** Sections that a page makes at a time; more follow as the last one comes into sight. */
const SECTIONS = 12;

/** Cards that a section makes at a time; more follow as its end comes into sight. */
const CARDS = 36;

/** Sections opened or folded by hand, by project and section. */
const folds = foldsOf("pluto.sections");

interface Props {
  sections: readonly Section[];
  runs: readonly Run[];
  /** A filter is set: what it found is open whatever was folded. */
  filtered: boolean;
}

export function Sections({ sections, runs, filtered }: Props) {
  const [count, setCount] = useState(SECTIONS);
  return (
    <div class="sections">
      {sections.slice(0, count).map((section) => {
        const id = `${place.value.project}/${section.id}`;
        const isOpen = filtered || folds.isOpen(id, opensAtFirst(section.id) || sections.length === 1);
        return (
          <section class="section" key={section.id}>
            <h2>
              <button type="button" class="section-head" aria-expanded={isOpen} onClick={() => folds.set(id, !isOpen)}>
                <span class="caret" aria-hidden="true">
                  {isOpen ? "▾" : "▸"}
                </span>
                {section.id} <span class="muted number">{section.names.length}</span>
              </button>
            </h2>
            {isOpen && <Grid section={section} runs={runs} />}
          </section>
        );
      })}
      {count < sections.length && <More key={count} more={() => setCount(count + SECTIONS)} />}
    </div>
  );
}

function Grid({ section, runs }: { section: Section; runs: readonly Run[] }) {
  const [count, setCount] = useState(CARDS);
  const ofProject = place.value.run === null;
  return (
    <>
      <div class="chart-grid">
        {section.names.slice(0, count).map((name) => (
          <Chart key={name} name={name} title={section.title(name)} runs={runs} menu={ofProject && <Pin name={name} />} />
        ))}
      </div>
      {count < section.names.length && <More key={count} more={() => setCount(count + CARDS)} />}
    </>
  );
}

function Pin({ name }: { name: string }) {
  return (
    <button type="button" data-closes onClick={() => pinChart(name)}>
      Keep on top as a panel
    </button>
  );
}

function More({ more }: { more: () => void }) {
  const [end, inSight] = useInSight<HTMLDivElement>(600);
  useEffect(() => {
    if (inSight) more();
  }, [inSight]);
  return <div class="more" ref={end} />;
}
