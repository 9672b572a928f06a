// Where the palette can go: tabs of this page, runs, charts, projects.

import { tabsOf } from "../run/tabs";
import { openDeleted } from "../runs/DeletedRuns";
import { projects, runs } from "../state/catalog";
import { metricNames } from "../state/metrics";
import { go, place } from "../state/route";
import { groupBy, heat, listedRuns, MOST_SHOWN, showDefault, showOnly } from "../state/selection";
import { notifying, toggleNotifying } from "../state/notices";
import { say } from "../state/toast";
import { toggleTheme } from "../state/theme";
import { fullChart, logScale, resetZoom, runFilter, tab } from "../state/view";
import { showView, views as kept } from "../state/views";
import { exportedAt } from "../parts/exported";
import { copyText } from "../parts/states";
import { helpOpen } from "./Help";
import type { Command } from "./matching";
import { WORKSPACE_TABS } from "./Workspace";

export function commands(): Command[] {
  const { project } = place.value;
  const all = (projects.state.value.data ?? []).filter(({ name }) => name !== project).map(({ name }) => toProject(name));
  if (project === null) return [...all, ...everywhere()];
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
    ...views(),
    ...all,
    ...everywhere(),
    ...here(),
  ];
}

function views(): Command[] {
  return [...kept.value.keys()].map((name) => ({ kind: "view", name, detail: "", run: () => showView(name) }));
}

function action(name: string, run: () => void, detail = ""): Command {
  return { kind: "action", name, detail, run };
}

function everywhere(): Command[] {
  return [
    action("Copy the link to this view", () => void copyText(location.href).then(() => say("The link to this view is copied."))),
    action("Light or dark", toggleTheme, "t"),
    action("Keys and help", () => (helpOpen.value = true), "?"),
    action(notifying.value ? "Do not tell me when a run ends" : "Tell me when a run ends", () => void toggleNotifying()),
  ];
}

/** What can be done in a project. */
function here(): Command[] {
  return [
    action("Logarithmic y axes on or off", () => logScale.set(!logScale.peek()), "l"),
    action("Reset the zoom", resetZoom, "r"),
    action("Clear the filter of the runs", () => runFilter.set("")),
    ...(place.value.run === null
      ? [
          action("Draw the newest runs", showDefault),
          action("Draw all listed runs", () => showOnly(listedRuns.peek().slice(0, MOST_SHOWN).map(({ id }) => id))),
          action("Do not group", () => groupBy([])),
          ...(exportedAt === null ? [action("Deleted runs: take them back, or remove them for good", openDeleted)] : []),
          action("Shade the table by rank", () => {
            tab.set("table");
            heat.set(!heat.peek());
          }),
        ]
      : [action("Up to the project", () => go({ project: place.peek().project, run: null }), "u")]),
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
