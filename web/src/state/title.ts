// The title of the browser's tab: what is looked at, and whether it runs, for a glance from another tab.

import { effect } from "@preact/signals";
import type { Status } from "../api/types";
import { runDetail, runs } from "./catalog";
import { place } from "./route";

const SIGNS: Record<Status, string> = { RUNNING: "●", COMPLETED: "✓", FAILED: "✕", TERMINATED: "■", CANCELLED: "⊘" };

export function startTitle(): void {
  effect(() => {
    document.title = titleNow();
  });
}

function titleNow(): string {
  const { project, run } = place.value;
  if (project === null) return "Pluto";
  const shown = runDetail.state.value.data?.run;
  if (run !== null && shown?.id === run) return `${SIGNS[shown.status]} ${shown.name} · Pluto`;
  const running = runs.value.filter(({ status }) => status === "RUNNING").length;
  return `${running ? `● ${running} ` : ""}${project} · Pluto`;
}
