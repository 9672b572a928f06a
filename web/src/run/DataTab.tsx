// Tables, histograms and strings of a run.

import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { fetchData } from "../api/client";
import type { DataPoint, NameInfo, RunAnswer } from "../api/types";
import { formatCount } from "../format";
import { useInSight } from "../parts/hooks";
import { Empty, ErrorPanel, Skeleton } from "../parts/states";
import { Graphs } from "./Graphs";
import { Histograms } from "./Histograms";
import { Strings } from "./Strings";
import { Tables } from "./Tables";
import { DATA_TYPES, ofTypes } from "./types";
import { useFetched } from "./useFetched";

/** So many values of one name are fetched: more steps than a slider can be set to. */
const MOST_VALUES = 500;

type View = (props: { points: readonly DataPoint[]; name: string }) => ComponentChildren;

const VIEWS: Record<string, View> = { graph: Graphs, histogram: Histograms, table: Tables, "string-series": Strings };

export function DataTab({ answer: { run, names } }: { answer: RunAnswer }) {
  const found = ofTypes(names, DATA_TYPES);
  if (!found.length) {
    return (
      <Empty title="No tables, histograms or strings">
        <p>
          Log one with <code>run.log({"{"}"weights": pluto.Histogram(values){"}"})</code>.
        </p>
      </Empty>
    );
  }
  return (
    <div class="media-page" data-testid="data">
      {found.map((info) => (
        <Panel key={info.name} run={run.id} info={info} />
      ))}
    </div>
  );
}

function Panel({ run, info }: { run: number; info: NameInfo }) {
  const [panel, inSight] = useInSight<HTMLElement>();
  // What was seen stays: else the page would jump, and a chosen step be forgotten.
  const seen = useRef(false);
  seen.current ||= inSight;
  return (
    <section class="data-panel" ref={panel} data-testid={`data-${info.name}`}>
      <h2>{info.name}</h2>
      {seen.current && <Content run={run} info={info} />}
    </section>
  );
}

function Content({ run, info }: { run: number; info: NameInfo }) {
  const about = `${run}|${info.name}`;
  const { data, error, retry } = useFetched(() => fetchData(run, info.name, { limit: MOST_VALUES }), [
    about,
    info.count,
    info.lastStep,
  ]);
  if (error && !data) return <ErrorPanel error={error} retry={retry} />;
  if (!data) return <Skeleton rows={4} label={`Loading ${info.name}`} />;
  const type = data[0]?.type.toLowerCase() ?? "";
  const View = VIEWS[type];
  if (!data.length) return <p class="muted">Nothing has arrived yet.</p>;
  if (!View) return <Other points={data} />;
  return (
    <>
      <View points={data} name={info.name} />
      {info.count > data.length && (
        <p class="muted number">
          {formatCount(data.length)} of {formatCount(info.count)} values are shown, evenly spaced.
        </p>
      )}
    </>
  );
}

/** A type without a view of its own: its newest value as JSON. */
function Other({ points }: { points: readonly DataPoint[] }) {
  return <pre class="text-shown">{JSON.stringify(points[points.length - 1]?.data, null, 2)}</pre>;
}
