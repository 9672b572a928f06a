// A run: what it is and how it does on top, its views in tabs below.

import { useEffect } from "preact/hooks";
import type { ComponentChildren } from "preact";
import type { NameInfo, RunAnswer } from "../api/types";
import { Tabs } from "../app/Tabs";
import { ChartsPage } from "../charts/ChartsPage";
import { ErrorPanel, Skeleton } from "../parts/states";
import { runDetail } from "../state/catalog";
import { tab } from "../state/view";
import { ConfigTab } from "./ConfigTab";
import { ConsoleTab } from "./ConsoleTab";
import { FilesTab } from "./FilesTab";
import { MediaTab } from "./MediaTab";
import { OverviewTab } from "./OverviewTab";
import { RunHeader } from "./RunHeader";
import { SystemTab } from "./SystemTab";
import { DataTab } from "./DataTab";

type View = (props: { answer: RunAnswer }) => ComponentChildren;

const VIEWS: Record<string, View> = {
  charts: ChartsPage,
  overview: OverviewTab,
  media: MediaTab,
  data: DataTab,
  console: ConsoleTab,
  system: SystemTab,
  files: FilesTab,
  config: ConfigTab,
};

export function RunPage({ id }: { id: number }) {
  const { data, error } = runDetail.state.value;
  const name = data?.run.name;
  useEffect(() => {
    if (name) document.title = `${name} · Pluto`;
  }, [name]);
  if (!data || data.run.id !== id) {
    return (
      <main class="main">
        {error ? (
          <ErrorPanel error={error} retry={() => void runDetail.reload()} title={`Run ${id} could not be loaded`} />
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
    </main>
  );
}

export const MEDIA_TYPES = ["IMAGE", "AUDIO", "VIDEO", "TEXT"];
export const DATA_TYPES = ["HISTOGRAM", "TABLE", "DATA"];

export function ofTypes(names: readonly NameInfo[], types: readonly string[]): NameInfo[] {
  return names.filter((info) => types.includes(info.type));
}

export function tabsOf(names: readonly NameInfo[]): [string, string, number?][] {
  const count = (types: readonly string[]) => ofTypes(names, types).length;
  return [
    ["charts", "Charts"],
    ["overview", "Overview"],
    ["media", "Media", count(MEDIA_TYPES)],
    ["data", "Data", count(DATA_TYPES)],
    ["console", "Console"],
    ["system", "System"],
    ["files", "Files"],
    ["config", "Config"],
  ];
}
