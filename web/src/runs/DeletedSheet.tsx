// The deleted runs of this project, on a sheet: taken back, or removed for good.

import { useEffect, useRef, useState } from "preact/hooks";
import { discardRuns, fetchDeleted, restoreRuns, type Changed } from "../api/client";
import type { DeletedRun } from "../api/types";
import { formatAgo, formatCount, formatDate } from "../format";
import { SearchField } from "../parts/SearchField";
import { ErrorPanel, Skeleton } from "../parts/states";
import { useFetched } from "../run/useFetched";
import { now, runsList } from "../state/catalog";
import { inParts, leftAlone } from "./parts";
import { StatusSign } from "./Status";

export function DeletedSheet({ project, close }: { project: string; close(): void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const { data, error, retry } = useFetched(() => fetchDeleted(project), [project]);
  return (
    <dialog class="help deleted" ref={dialog} aria-label="Deleted runs" onClose={close} onClick={(event) => event.target === dialog.current && close()}>
      <header>
        <h2>Deleted runs of {project}</h2>
        <button type="button" class="icon" aria-label="Close" onClick={close}>
          ✕
        </button>
      </header>
      {error && <ErrorPanel error={error} retry={retry} title="The deleted runs could not be listed" />}
      {!data && !error && <Skeleton rows={4} label="Loading the deleted runs" />}
      {data && <List project={project} list={data.runs} total={data.total} reload={retry} />}
    </dialog>
  );
}

interface ListProps {
  project: string;
  list: readonly DeletedRun[];
  total: number;
  reload(): void;
}

function List({ project, list, total, reload }: ListProps) {
  const [text, setText] = useState("");
  const [told, setTold] = useState("");
  /** What is about to be removed for good: the id of a run, or all in sight. */
  const [asked, setAsked] = useState<number | "all" | null>(null);
  const seen = list.filter((run) => `${run.name} ${run.displayId ?? ""}`.toLowerCase().includes(text.trim().toLowerCase()));
  const act = async (doing: string, done: string, runs: readonly DeletedRun[], work: (ids: readonly number[]) => Promise<Changed>) => {
    setAsked(null);
    const changed = await inParts(doing, runs.map(({ id }) => id), work);
    const [only] = runs;
    const what = runs.length === 1 && only ? `“${only.name}”` : `${formatCount(changed.done.length)} runs`;
    setTold(`${changed.done.length ? `${what} ${done}.` : ""}${leftAlone(changed)}`);
    reload();
    void runsList.reload();
  };
  const restore = (runs: readonly DeletedRun[]) => void act("Taking back", "taken back", runs, restoreRuns);
  const discard = (runs: readonly DeletedRun[]) => void act("Removing", "removed for good", runs, discardRuns);
  return (
    <>
      <p role="status">{told}</p>
      {list.length === 0 ? (
        <p class="muted">There is none: nothing was deleted here, or it was taken back or removed for good.</p>
      ) : (
        <>
          <p class="muted">
            They stay on the disk of the server until they are removed here, or by <code>pluto clean --deleted</code>.
            {total > list.length && ` The last ${formatCount(list.length)} of ${formatCount(total)} are listed.`}
          </p>
          <div class="deleted-head">
            <SearchField label="Find a deleted run" value={text} set={setText} />
            {seen.length > 1 && (
              <>
                <button type="button" class="button" onClick={() => restore(seen)}>
                  Restore all {formatCount(seen.length)}
                </button>
                <button type="button" class="button danger" onClick={() => setAsked("all")}>
                  Remove all {formatCount(seen.length)}…
                </button>
              </>
            )}
          </div>
          {asked === "all" && <Confirm word={project} what={`all ${formatCount(seen.length)} runs listed`} cancel={() => setAsked(null)} go={() => discard(seen)} />}
          <ul class="deleted-list">
            {seen.map((run) => (
              <Row key={run.id} run={run} asked={asked === run.id} ask={(on) => setAsked(on ? run.id : null)} restore={() => restore([run])} discard={() => discard([run])} />
            ))}
          </ul>
        </>
      )}
    </>
  );
}

interface RowProps {
  run: DeletedRun;
  asked: boolean;
  ask(on: boolean): void;
  restore(): void;
  discard(): void;
}

function Row({ run, asked, ask, restore, discard }: RowProps) {
  return (
    <li>
      <div class="deleted-row">
        <StatusSign status={run.status} />
        <span class="deleted-name" title={run.name}>
          {run.name}
        </span>
        {run.displayId && run.displayId !== run.name && <span class="muted">{run.displayId}</span>}
        <span class="muted number deleted-when" title={`Deleted ${formatDate(run.deletedAt)}`}>
          {formatAgo(run.deletedAt, now.value)}
        </span>
        <button type="button" class="button" aria-label={`Restore ${run.name}`} onClick={restore}>
          Restore
        </button>
        <button type="button" class="button danger" title="Remove for good" aria-label={`Remove ${run.name} for good`} aria-expanded={asked} onClick={() => ask(!asked)}>
          Remove…
        </button>
      </div>
      {asked && <Confirm word={run.name} what={`“${run.name}”`} cancel={() => ask(false)} go={discard} />}
    </li>
  );
}

/** What cannot be undone asks for the name. */
function Confirm({ word, what, cancel, go }: { word: string; what: string; cancel(): void; go(): void }) {
  const [typed, setTyped] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  return (
    <form
      class="deleted-confirm"
      onSubmit={(event) => {
        event.preventDefault();
        if (typed === word) go();
      }}
    >
      <p>
        This removes {what} with all files, and cannot be undone. Type <code>{word}</code> to go on:
      </p>
      <input class="search" ref={field} aria-label={`Type ${word} to remove it for good`} value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
      <button type="submit" class="button danger" disabled={typed !== word}>
        Remove for good
      </button>
      <button type="button" class="button" onClick={cancel}>
        Cancel
      </button>
    </form>
  );
}
