// The icon of the browser's tab: a badge for the state of what is looked at, for a glance from another tab.

import { effect } from "@preact/signals";
import planet from "../../public/favicon.svg?raw";
import type { Status } from "../api/types";
import { sortRuns } from "../runs/columns";
import { projects, runDetail, runs } from "./catalog";
import { place } from "./route";

/** Colour and shape, so that either is enough: a dot, a tick, a cross, a square. */
const BADGES: Record<Status, string> = {
  RUNNING: badge("#0b9a5b", ""),
  COMPLETED: badge("#4a5160", '<path d="M19.5 23l3 3 6-6" fill="none" stroke="#fff" stroke-width="3"/>'),
  FAILED: badge("#d0302a", '<path d="M20 19l8 8m0-8l-8 8" fill="none" stroke="#fff" stroke-width="3"/>'),
  TERMINATED: badge("#b06f00", '<path d="M20 19h8v8h-8z" fill="#fff"/>'),
  CANCELLED: badge("#b06f00", '<path d="M20 19h8v8h-8z" fill="#fff"/>'),
};

function badge(color: string, sign: string): string {
  return `<circle cx="24" cy="23" r="8.5" fill="${color}" stroke="#fff" stroke-width="1.5"/>${sign}`;
}

export function startTabIcon(): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  if (!link) return;
  const plain = link.href;
  effect(() => {
    const status = statusInSight();
    link.href = status ? `data:image/svg+xml,${encodeURIComponent(planet.replace("</svg>", `${BADGES[status]}</svg>`))}` : plain;
    link.dataset.status = status?.toLowerCase() ?? "";
  });
}

/** That of the run; of a project running if any run is, else that of the newest; of all projects only whether any is running. */
function statusInSight(): Status | null {
  const { project, run } = place.value;
  if (project === null) return projects.state.value.data?.some(({ running }) => running > 0) ? "RUNNING" : null;
  const shown = runDetail.state.value.data?.run;
  if (run !== null) return shown?.id === run ? shown.status : null;
  if (runs.value.some(({ status }) => status === "RUNNING")) return "RUNNING";
  return sortRuns(runs.value, "-created")[0]?.status ?? null;
}
