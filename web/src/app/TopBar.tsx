// The bar over every page: where you are, whether it is live, light or dark, help.

import { formatDate } from "../format";
import { exportedAt } from "../parts/exported";
import { projects, session } from "../state/catalog";
import { followLink, go, hrefFor, place } from "../state/route";
import { connection, runningCount } from "../state/live";
import { notifying, toggleNotifying } from "../state/notices";
import { theme, toggleTheme } from "../state/theme";
import { railOpen } from "../runs/Rail";
import { helpOpen } from "./Help";
import { paletteOpen } from "./Palette";

const IS_MAC = /Mac|iPhone|iPad/.test(navigator.userAgent);

export function TopBar() {
  const { project } = place.value;
  return (
    <header class="topbar">
      {project !== null && (
        <button
          type="button"
          class="icon rail-toggle"
          aria-label="Show the runs"
          aria-expanded={railOpen.value}
          onClick={() => (railOpen.value = !railOpen.value)}
        >
          ☰
        </button>
      )}
      <a class="brand" href={hrefFor({ project: null, run: null })} onClick={followLink} title="All projects">
        <img src={exportedAt === null ? "/favicon.svg" : "favicon.svg"} alt="" width="20" height="20" /> <span>pluto</span>
      </a>
      {project !== null && <ProjectSwitch project={project} />}
      <span class="spacer" />
      <button type="button" class="button go-to" title="Go to a run, chart, tab or project by its name" onClick={() => (paletteOpen.value = true)}>
        <span aria-hidden="true">⌕</span> <span class="go-to-words">Go to…</span> <kbd aria-hidden="true">{IS_MAC ? "⌘ K" : "Ctrl K"}</kbd>
      </button>
      <LiveBadge />
      {exportedAt === null && (
        <button
          type="button"
          class={`icon ${notifying.value ? "on" : ""}`}
          aria-pressed={notifying.value}
          aria-label="Tell me when a run ends"
          title={notifying.value ? "You are told when a run ends: click to end this" : "Tell me when a run ends"}
          onClick={() => void toggleNotifying()}
        >
          <Bell ringing={notifying.value} />
        </button>
      )}
      <button
        type="button"
        class="icon"
        aria-label={theme.value === "dark" ? "Use the light theme" : "Use the dark theme"}
        title={`Theme: ${theme.value} (t)`}
        onClick={toggleTheme}
      >
        {theme.value === "dark" ? "☾" : "☀"}
      </button>
      <button type="button" class="icon" aria-label="Help" title={helpTitle()} onClick={() => (helpOpen.value = true)}>
        ?
      </button>
    </header>
  );
}

function Bell({ ringing }: { ringing: boolean }) {
  return (
    <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
      <path
        d="M3 11.5c1-1 1-2.5 1-4.5a4 4 0 0 1 8 0c0 2 0 3.5 1 4.5Z"
        fill={ringing ? "currentColor" : "none"}
        stroke="currentColor"
        stroke-width="1.4"
        stroke-linejoin="round"
      />
      <path d="M6.5 13.5a1.6 1.6 0 0 0 3 0" fill="none" stroke="currentColor" stroke-width="1.4" />
    </svg>
  );
}

function helpTitle(): string {
  const version = session.state.value.data?.version;
  return version ? `Keys and help (?) · pluto ${version}` : "Keys and help (?)";
}

function ProjectSwitch({ project }: { project: string }) {
  const names = projects.state.value.data?.map((item) => item.name) ?? [];
  const all = names.includes(project) ? names : [project, ...names];
  return (
    <select
      class="project-switch"
      aria-label="Project"
      value={project}
      onChange={(event) => go({ project: event.currentTarget.value, run: null })}
    >
      {all.map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  );
}

function LiveBadge() {
  if (exportedAt !== null) return <span class="live muted">exported {formatDate(exportedAt)}</span>;
  const state = connection.value;
  const running = runningCount.value;
  if (state === "lost") {
    return (
      <span class="live lost" role="status" title="The server does not answer; trying again by itself">
        ○ connection lost, retrying…
      </span>
    );
  }
  if (state === "connecting") return <span class="live muted">connecting…</span>;
  return (
    <span class={`live ${running ? "on" : "muted"}`} title={running ? `${running} running` : "Connected; nothing is running"}>
      <span aria-hidden="true">●</span> {running ? `live ${running}` : "idle"}
    </span>
  );
}
