// A project: its runs beside their charts, or the runs as a table.

import type { ComponentType } from "preact";
import { ChartsPage } from "../charts/ChartsPage";
import { lazy } from "../parts/lazy";
import { AddPanel } from "../panels/AddPanel";
import { ErrorPanel, Skeleton } from "../parts/states";
import { Rail } from "../runs/Rail";
import { runs, runsList } from "../state/catalog";
import { unread } from "../state/filling";
import { place } from "../state/route";
import { tab } from "../state/view";
import { FirstSteps } from "./Projects";
import { Tabs } from "./Tabs";
import { Views } from "./Views";

const RunsTable = lazy(() => import("../runs/RunsTable").then((loaded) => loaded.RunsTable), "the table");
const RunPage = lazy(() => import("../run/RunPage").then((loaded) => loaded.RunPage), "the run");

/** Fetches the code of what the address names, beside its data; most often charts, whose code is there. */
export async function fetchPage(): Promise<void> {
  if (place.peek().run !== null) await RunPage.ahead();
  else if (tab.peek() === "table") await RunsTable.ahead();
}

/** Fetches the code of the pages that are opened most, so that they open at once. */
export function fetchNextPages(): void {
  void RunPage.ahead();
  void RunsTable.ahead();
}

export function Workspace() {
  const { project, run } = place.value;
  const { data, error } = runsList.state.value;
  if (error && !data) {
    return <ErrorPanel error={error} retry={() => void runsList.reload()} title="The runs could not be loaded" />;
  }
  if (!data) return <Skeleton rows={10} label="Loading runs" />;
  if (run !== null) return <Beside page={<RunPage key={run} id={run} />} />;
  if (!runs.value.length) return unread.value ? <Skeleton rows={10} label="Reading runs" /> : <FirstSteps />;
  if (tab.value === "table") {
    return (
      <main class="main">
        <h1 class="unseen">Runs of {project}</h1>
        <WorkspaceTabs />
        <RunsTable />
      </main>
    );
  }
  const { title, View } = PAGES[tab.value] ?? (PAGES.charts as Page);
  const page = (
    <main class="main">
      <h1 class="unseen">
        {title} of {project}
      </h1>
      <WorkspaceTabs />
      <View />
    </main>
  );
  return <Beside page={page} />;
}

interface Page {
  title: string;
  View: ComponentType;
}

/** What stands beside the list of runs, by tab. */
const PAGES: Record<string, Page> = {
  charts: { title: "Charts", View: ChartsPage },
  media: { title: "Media", View: lazy(() => import("../media/MediaTab").then((loaded) => loaded.ProjectMedia), "the media") },
  sweep: { title: "Sweep", View: lazy(() => import("../sweep/SweepPage").then((loaded) => loaded.SweepPage), "the sweep") },
  search: { title: "Consoles", View: lazy(() => import("../search/SearchPage").then((loaded) => loaded.SearchPage), "the search") },
  alerts: { title: "Alerts", View: lazy(() => import("../search/AlertsPage").then((loaded) => loaded.AlertsPage), "the alerts") },
  compare: { title: "Comparison", View: lazy(() => import("../compare/ComparePage").then((loaded) => loaded.ComparePage), "the comparison") },
};

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
  ["media", "Media"],
  ["compare", "Compare"],
  ["sweep", "Sweep"],
  ["search", "Consoles"],
  ["alerts", "Alerts"],
];

function WorkspaceTabs() {
  const current = WORKSPACE_TABS.some(([id]) => id === tab.value) ? tab.value : "charts";
  const tabs = WORKSPACE_TABS.map(([id, label]) => [id, label, id === "table" ? runs.value.length : undefined] as const);
  return (
    <Tabs current={current} tabs={tabs}>
      {current === "charts" && <AddPanel />}
      <Views />
    </Tabs>
  );
}
