// The head of a run's page: name, status and cause, duration, machine, tags, notes.

import { useState } from "preact/hooks";
import { cancelRun, saveNotes, saveTags } from "../api/client";
import { asApiError } from "../api/http";
import type { RunAnswer, RunDetail } from "../api/types";
import { formatAgo, formatDate, formatDuration } from "../format";
import { now, runDetail, runsList } from "../state/catalog";
import { duration } from "../runs/columns";
import { StatusBadge } from "../runs/Status";
import { Dot } from "../runs/Swatch";
import { followLink, hrefFor, place } from "../state/route";
import { Cause } from "./Cause";
import { Notes, Tags } from "./Editable";
import { factsOf, restartsOf, timeLeft } from "./meta";

export function RunHeader({ answer }: { answer: RunAnswer }) {
  const { run } = answer;
  const [problem, setProblem] = useState("");
  const act = async (change: Promise<unknown>) => {
    try {
      await change;
      setProblem("");
      await Promise.all([runDetail.reload(), runsList.reload()]);
    } catch (error) {
      setProblem(`Not changed: ${asApiError(error).message}`);
    }
  };
  return (
    <header class="run-head">
      <div class="run-title">
        <a class="back muted" href={hrefFor({ project: place.value.project, run: null })} onClick={followLink} title="All runs (u)">
          ←
        </a>
        <Dot run={asListed(run)} />
        <h1>{run.name}</h1>
        {run.displayId !== run.name && <span class="muted">{run.displayId}</span>}
        <StatusBadge status={run.status} cause={run.cause} />
        <span class="spacer" />
        {run.status === "RUNNING" && <StopButton stop={() => act(cancelRun(run.id))} />}
      </div>
      <Cause answer={answer} />
      <Facts answer={answer} />
      <div class="run-labels">
        <Tags tags={run.tags} save={(tags) => act(saveTags(run.id, tags))} />
        <Notes notes={run.notes ?? ""} save={(notes) => act(saveNotes(run.id, notes))} />
      </div>
      {problem && (
        <p class="stale" role="alert">
          {problem}
        </p>
      )}
    </header>
  );
}

function asListed(run: RunDetail) {
  return { ...run, config: {} };
}

function Facts({ answer: { run, names } }: { answer: RunAnswer }) {
  const { host, commit } = factsOf(run.systemMetadata);
  const took = duration(asListed(run), now.value);
  const steps = names.filter((info) => info.type === "METRIC" && !info.name.startsWith("sys/"));
  const lastStep = steps.reduce((last, info) => Math.max(last, info.lastStep ?? 0), 0);
  const restarts = restartsOf(run.statusHistory);
  const left = run.status === "RUNNING" ? timeLeft(run.config, lastStep, took) : null;
  return (
    <ul class="facts number">
      <li title={formatDate(run.createdAt)}>started {formatAgo(run.createdAt, now.value)}</li>
      <li title={`${Math.round(took)} ms`}>
        {run.status === "RUNNING" ? "running for" : "took"} {formatDuration(took)}
      </li>
      {left !== null && <li title="From the steps in the config and the pace so far">about {formatDuration(left)} left</li>}
      {lastStep > 0 && <li>step {lastStep.toLocaleString("en-US")}</li>}
      {restarts > 0 && <li title="See the status history in Overview">restarted {restarts === 1 ? "once" : `${restarts} times`}</li>}
      {host && <li>{host}</li>}
      {commit && <li title="Commit">{commit}</li>}
    </ul>
  );
}

/** Stopping a training cannot be undone, so it takes a second click. */
function StopButton({ stop }: { stop: () => Promise<void> }) {
  const [asked, setAsked] = useState(false);
  if (!asked) {
    return (
      <button type="button" class="button" onClick={() => setAsked(true)}>
        Stop run
      </button>
    );
  }
  return (
    <span class="confirm" role="group" aria-label="Stop this run?">
      Ask the training to stop?
      <button type="button" class="button danger" onClick={() => void stop().then(() => setAsked(false))}>
        Stop it
      </button>
      <button type="button" class="button" onClick={() => setAsked(false)}>
        Let it run
      </button>
    </span>
  );
}
