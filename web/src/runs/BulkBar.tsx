// What can be done to the selected runs at once: show, tag, delete; each with a way back.

import { useState } from "preact/hooks";
import { changeTags, deleteRuns, restoreRuns } from "../api/client";
import { asApiError } from "../api/http";
import { exportedAt } from "../parts/exported";
import { Popover } from "../parts/Popover";
import { runs, runsById, runsList } from "../state/catalog";
import { pickAll, picked } from "../state/picked";
import { MOST_SHOWN, showOnly } from "../state/selection";
import { say } from "../state/toast";
import { tab } from "../state/view";

export function BulkBar() {
  const ids = [...picked.value];
  if (!ids.length) return null;
  const show = () => {
    showOnly(ids.slice(0, MOST_SHOWN));
    tab.set("charts");
  };
  return (
    <div class="bulk" role="group" aria-label="Selected runs">
      <b class="number">{ids.length} selected</b>
      <button type="button" class="button" title="Draw these runs alone" onClick={show}>
        Show in charts
      </button>
      {exportedAt === null && (
        <>
          <Popover label="Tag the selected runs" button="Tag" text wide>
            <TagForm ids={ids} />
          </Popover>
          <button type="button" class="button danger" onClick={() => void remove(ids)}>
            Delete
          </button>
        </>
      )}
      <button type="button" class="link" onClick={() => pickAll([])}>
        Clear
      </button>
    </div>
  );
}

function TagForm({ ids }: { ids: readonly number[] }) {
  const [text, setText] = useState("");
  const present = [...new Set(ids.flatMap((id) => runsById.value.get(id)?.tags ?? []))].sort();
  const known = [...new Set(runs.value.flatMap((run) => run.tags))].sort();
  const add = (tag: string) => tag && void tagRuns(ids, [tag], []);
  return (
    <form
      class="chooser"
      onSubmit={(event) => {
        event.preventDefault();
        add(text.trim());
        setText("");
      }}
    >
      <input
        class="search"
        list="known-tags"
        placeholder="Add a tag"
        aria-label="Add a tag to the selected runs"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <datalist id="known-tags">
        {known.slice(0, 200).map((tag) => (
          <option value={tag} key={tag} />
        ))}
      </datalist>
      <button type="submit" class="button primary" disabled={!text.trim()}>
        Add to {ids.length} {ids.length === 1 ? "run" : "runs"}
      </button>
      {present.length > 0 && <p class="muted">Click on a tag to remove it from these runs:</p>}
      <div>
        {present.map((tag) => (
          <button type="button" class="tag" key={tag} aria-label={`Remove ${tag}`} onClick={() => void tagRuns(ids, [], [tag])}>
            {tag} ✕
          </button>
        ))}
      </div>
    </form>
  );
}

async function tagRuns(ids: readonly number[], add: readonly string[], remove: readonly string[]): Promise<void> {
  const has = (id: number, tag: string) => runsById.peek().get(id)?.tags.includes(tag) ?? false;
  // Only what really changes is changed, and changed back.
  const changed = ids.filter((id) => add.some((tag) => !has(id, tag)) || remove.some((tag) => has(id, tag)));
  await told(async () => {
    await changeTags(changed, add, remove);
    const word = add.length ? `Tagged ${changed.length} with ${add.join(", ")}` : `Removed ${remove.join(", ")} from ${changed.length}`;
    say(`${word}.`, { undo: () => changeTags(changed, remove, add).then(() => runsList.reload()) });
  });
}

async function remove(ids: readonly number[]): Promise<void> {
  await told(async () => {
    const { done, refused } = await deleteRuns(ids);
    const kept = refused.length ? ` ${refused.length} stay: ${refused[0]?.reason}.` : "";
    const undo = () => restoreRuns(done).then(() => runsList.reload());
    say(`Deleted ${done.length} ${done.length === 1 ? "run" : "runs"}.${kept}`, done.length ? { undo } : { failed: true });
    pickAll(refused.map(({ run }) => run));
  });
}

/** Does it, then shows the list as it is now; or says why not. */
async function told(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    say(asApiError(error).message, { failed: true });
  }
  await runsList.reload();
}
