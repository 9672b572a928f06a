// A run: what it is and how it does on top, its views in tabs below.

import type { ComponentChildren } from "preact";
import type { RunAnswer } from "../api/types";
import { Tabs } from "../app/Tabs";
import { ChartsPage } from "../charts/ChartsPage";
import { lazy } from "../parts/lazy";
import type { ApiError } from "../api/http";
import { Empty, ErrorPanel, Skeleton } from "../parts/states";
import { runDetail } from "../state/catalog";
import { followLink, hrefFor, place } from "../state/route";
import { tab } from "../state/view";
import { ConfigTab } from "./ConfigTab";
import { MomentBar } from "./MomentBar";
import { OverviewTab } from "./OverviewTab";
import { RunHeader } from "./RunHeader";
import { SystemTab } from "./SystemTab";
import { tabsOf } from "./tabs";

interface Props {
  answer: RunAnswer;
}

type View = (props: Props) => ComponentChildren;

const VIEWS: Record<string, View> = {
  charts: ChartsPage,
  overview: OverviewTab,
  media: lazy<Props>(() => import("../media/MediaTab").then((loaded) => loaded.MediaTab), "the media"),
  data: lazy<Props>(() => import("./DataTab").then((loaded) => loaded.DataTab), "the data"),
  console: lazy<Props>(() => import("./ConsoleTab").then((loaded) => loaded.ConsoleTab), "the console"),
  system: SystemTab,
  files: lazy<Props>(() => import("./FilesTab").then((loaded) => loaded.FilesTab), "the files"),
  graph: lazy<Props>(() => import("../graph/GraphTab").then((loaded) => loaded.GraphTab), "the graph"),
  code: lazy<Props>(() => import("./CodeTab").then((loaded) => loaded.CodeTab), "the code"),
  config: ConfigTab,
};

export function RunPage({ id }: { id: number }) {
  const { data, error } = runDetail.state.value;
  if (!data || data.run.id !== id) {
    return (
      <main class="main">
        {error ? (
          <NotThere id={id} error={error} />
        ) : (
          <Skeleton rows={8} label="Loading the run" />
        )}
      </main>
    );
  }
  const current = tab.value in VIEWS ? tab.value : "charts";
  const View = VIEWS[current] as View;
  return (
    <main class="main">
      <RunHeader answer={data} />
      <Tabs current={current} tabs={tabsOf(data.names)} />
      {error && <p class="stale" role="status">Not up to date: {error.message}</p>}
      <View answer={data} />
      <MomentBar />
    </main>
  );
}

function NotThere({ id, error }: { id: number; error: ApiError }) {
  const { project } = place.value;
  const retry = () => void runDetail.reload();
  if (error.status !== 404) return <ErrorPanel error={error} retry={retry} title={`Run ${id} could not be loaded`} />;
  return (
    <Empty title={`Run ${id} is not here`}>
      <p>It was deleted, or the link is of another server or directory. Its neighbours are in the list of runs.</p>
      <p class="actions">
        <a class="button primary" href={hrefFor({ project, run: null })} onClick={followLink}>
          All runs of {project}
        </a>
        <button type="button" class="button" onClick={retry}>
          Look again
        </button>
      </p>
    </Empty>
  );
}
