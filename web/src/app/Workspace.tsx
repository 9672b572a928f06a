// A project: its runs beside their charts, or the runs as a table.

import { useEffect } from "preact/hooks";
import { ChartsPage } from "../charts/ChartsPage";
import { ErrorPanel, Skeleton } from "../parts/states";
import { Rail } from "../runs/Rail";
import { RunsTable } from "../runs/RunsTable";
import { RunPage } from "../run/RunPage";
import { runs, runsList } from "../state/catalog";
import { place } from "../state/route";
import { tab } from "../state/view";
import { FirstSteps } from "./Projects";
import { Tabs } from "./Tabs";

export function Workspace() {
  const { project, run } = place.value;
  const { data, error } = runsList.state.value;
  useEffect(() => {
    document.title = `${project} · Pluto`;
  }, [project, run]);
  if (error && !data) {
    return <ErrorPanel error={error} retry={() => void runsList.reload()} title="The runs could not be loaded" />;
  }
  if (!data) return <Skeleton rows={10} label="Loading runs" />;
  if (run !== null) return <Beside page={<RunPage key={run} id={run} />} />;
  if (!runs.value.length) return <FirstSteps />;
  if (tab.value === "table") {
    return (
      <main class="main">
        <h1 class="unseen">Runs of {project}</h1>
        <WorkspaceTabs />
        <RunsTable />
      </main>
    );
  }
  const charts = (
    <main class="main">
      <h1 class="unseen">Charts of {project}</h1>
      <WorkspaceTabs />
      <ChartsPage />
    </main>
  );
  return <Beside page={charts} />;
}

function Beside({ page }: { page: preact.JSX.Element }) {
  return (
    <div class="beside">
      <Rail />
      {page}
    </div>
  );
}

export const WORKSPACE_TABS: readonly (readonly [id: string, label: string])[] = [
  ["charts", "Charts"],
  ["table", "Table"],
];

function WorkspaceTabs() {
  const current = tab.value === "table" ? "table" : "charts";
  const tabs = WORKSPACE_TABS.map(([id, label]) => [id, label, id === "table" ? runs.value.length : undefined] as const);
  return <Tabs current={current} tabs={tabs} />;
}
