// The alerts of all listed runs, newest first.

import { computed } from "@preact/signals";
import { useRef, useState } from "preact/hooks";
import { fetchAlerts } from "../api/client";
import type { Alert, AlertsOfRun, Run } from "../api/types";
import { formatCount } from "../format";
import { SearchField } from "../parts/SearchField";
import { Empty, ErrorPanel } from "../parts/states";
import { AlertLine } from "../run/AlertLine";
import { textMatcher } from "../runs/filter";
import { StatusSign } from "../runs/Status";
import { Dot } from "../runs/Swatch";
import { now, runsById } from "../state/catalog";
import { followLink, hrefWith } from "../state/route";
import { listedRuns } from "../state/selection";
import { alertSearch } from "../state/view";
import "../style/search.css";
import { useInPieces, type Findings } from "./inPieces";

/** Runs that are running are asked again this often, in ms. */
const PERIOD = 15_000;
/** More lines than this are not drawn at once. */
const MOST = 500;

const period = computed(() => Math.floor(now.value / PERIOD));

interface Raised {
  run: Run;
  alert: Alert;
}

export function AlertsPage() {
  const [turn, setTurn] = useState(0);
  const ids = listedRuns.value.map(({ id }) => id);
  const running = listedRuns.value.filter(({ status }) => status === "RUNNING").map(({ id }) => id);
  const first = useRef(period.peek());
  const since = period.value - first.current;
  const all = useInPieces({ ids, about: `turn ${turn}`, ask: fetchAlerts, pause: 0 });
  const later = useInPieces({ ids: running, about: since ? `later ${since}` : "", ask: fetchAlerts, pause: 0 });
  // Until the next answer is whole, the last one holds.
  const news = useRef<readonly AlertsOfRun[]>([]);
  if (since && later.searched === running.length) news.current = later.found;
  const raised = inOrder([...all.found, ...news.current]);
  const matches = textMatcher(alertSearch.value.trim());
  const found = raised.filter(({ run, alert }) => matches(`${alert.level} ${alert.title} ${alert.body} ${run.name}`));
  return (
    <div class="search-page" data-testid="alerts-page">
      <div class="toolbar">
        <SearchField main label="Search the alerts" placeholder="Search the alerts  /" value={alertSearch.value} set={alertSearch.set} />
        <span class="muted number" role="status">
          {progress(all, found.length, ids.length)}
        </span>
      </div>
      {all.error && <ErrorPanel error={all.error} retry={() => setTurn(turn + 1)} title="The alerts could not be read" />}
      {found.length > 0 && <List raised={found.slice(0, MOST)} />}
      {found.length > MOST && <p class="muted">The newest {MOST} are shown: the search finds the others.</p>}
      {!found.length && all.searched === ids.length && !all.error && <NoAlerts any={raised.length > 0} />}
    </div>
  );
}

function List({ raised }: { raised: readonly Raised[] }) {
  return (
    <ul class="search-found alerts">
      {raised.map(({ run, alert }, index) => (
        <AlertLine key={`${run.id}|${alert.time}|${index}`} alert={alert}>
          <Dot run={run} /> <StatusSign status={run.status} />{" "}
          <a class="link" href={hrefWith({ project: run.project, run: run.id }, { tab: "overview" })} onClick={followLink}>
            {run.name}
          </a>
        </AlertLine>
      ))}
    </ul>
  );
}

/** Newest first; of a run that was asked twice the later answer. */
function inOrder(found: readonly AlertsOfRun[]): Raised[] {
  const latest = new Map(found.map(({ run, alerts }) => [run, alerts]));
  const raised = [...latest].flatMap(([id, alerts]) => {
    const run = runsById.value.get(id);
    return run ? alerts.map((alert) => ({ run, alert })) : [];
  });
  return raised.sort((a, b) => b.alert.time - a.alert.time);
}

function progress({ found, searched, unreadable }: Findings<AlertsOfRun>, count: number, total: number): string {
  const words = `${formatCount(count)} ${count === 1 ? "alert" : "alerts"}`;
  const more = found.some((each) => each.more) ? "; of some runs only the newest" : "";
  const failed = unreadable ? `, ${formatCount(unreadable)} runs are not readable` : "";
  return searched < total ? `reading, ${formatCount(searched)} of ${formatCount(total)} runs: ${words}…` : words + more + failed;
}

function NoAlerts({ any }: { any: boolean }) {
  if (any) return <Empty title={`No alert has “${alertSearch.value.trim()}”`} />;
  return (
    <Empty title="No alerts">
      <p>
        Raise one with <code>run.alert("Loss", "it went up", level="WARNING")</code>: it is listed here, for all runs of the list.
      </p>
    </Empty>
  );
}
