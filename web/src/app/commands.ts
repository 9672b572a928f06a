// Where the palette can go: tabs of this page, runs, charts, projects.

import { tabsOf } from "../run/RunPage";
import { projects, runs } from "../state/catalog";
import { metricNames } from "../state/metrics";
import { go, place } from "../state/route";
import { fullChart, tab } from "../state/view";
import type { Command } from "./matching";
import { WORKSPACE_TABS } from "./Workspace";

export function commands(): Command[] {
  const { project } = place.value;
  const all = (projects.state.value.data ?? []).filter(({ name }) => name !== project).map(({ name }) => toProject(name));
  if (project === null) return all;
  const listed = [...runs.value].sort((a, b) => b.createdAt - a.createdAt);
  return [
    ...tabs(),
    ...listed.map(({ id, name, displayId, status, tags }) => ({
      kind: "run" as const,
      name,
      detail: [displayId === name ? "" : displayId, status.toLowerCase(), ...tags].filter(Boolean).join(" · "),
      run: () => go({ project, run: id }),
    })),
    ...metricNames.value.map((name) => ({ kind: "chart" as const, name, detail: "", run: () => openChart(name) })),
    ...all,
  ];
}

function toProject(name: string): Command {
  return { kind: "project", name, detail: "", run: () => go({ project: name, run: null }) };
}

function tabs(): Command[] {
  const known = place.value.run === null ? WORKSPACE_TABS : tabsOf([]);
  return known.map(([id, name]) => ({ kind: "tab", name, detail: "", run: () => tab.set(id) }));
}

/** The chart in full screen; only pages of charts have room for it. */
function openChart(name: string): void {
  tab.set("charts");
  fullChart.set(name);
}
