// Alerts that a run raised, and the runs that it came from or that came from it.

import { fetchStory } from "../api/client";
import type { Alert, Relative, RunDetail } from "../api/types";
import { formatCount } from "../format";
import { ErrorPanel } from "../parts/states";
import { now } from "../state/catalog";
import { AlertLine } from "./AlertLine";
import { RunLink } from "./RunLink";
import { useFetched } from "./useFetched";

/** Of a running run it is asked this often, in ms: the server looks into many runs for its forks. */
const PERIOD = 15_000;

export function Life({ run: { id, status } }: { run: RunDetail }) {
  const turn = status === "RUNNING" ? Math.floor(now.value / PERIOD) : status;
  const { data, error, retry } = useFetched(() => fetchStory(id), [id, turn]);
  if (error && !data) return <ErrorPanel error={error} retry={retry} title="Alerts and forks could not be loaded" />;
  if (!data) return null;
  const { alerts, ancestors, forks } = data;
  return (
    <>
      {alerts.length > 0 && <Alerts alerts={alerts} />}
      {ancestors.length + forks.length > 0 && <Lineage ancestors={ancestors} forks={forks} />}
    </>
  );
}

function Alerts({ alerts }: { alerts: readonly Alert[] }) {
  return (
    <section data-testid="alerts">
      <h2>
        Alerts <span class="muted number">{alerts.length}</span>
      </h2>
      <ul class="alerts">
        {alerts.map((alert, index) => (
          <AlertLine key={index} alert={alert} />
        ))}
      </ul>
    </section>
  );
}

function Lineage({ ancestors, forks }: { ancestors: readonly Relative[]; forks: readonly Relative[] }) {
  return (
    <section data-testid="lineage">
      <h2>Forks</h2>
      <ul class="alerts">
        {ancestors.map((run, index) => (
          <li key={run.id}>
            {index ? "which began at" : "begun at"} step {formatCount(run.step)} of <RunLink run={run} />
          </li>
        ))}
        {forks.map((run) => (
          <li key={run.id}>
            <RunLink run={run} /> went on from step {formatCount(run.step)}
          </li>
        ))}
      </ul>
    </section>
  );
}
