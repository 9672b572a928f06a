// What can be done to the selected runs at once: show, tag, delete; each with a way back.

import { useState } from "preact/hooks";
import { changeTags, deleteRuns, restoreRuns, type Changed } from "../api/client";
import { formatCount } from "../format";
import { exportedAt } from "../parts/exported";
import { Popover } from "../parts/Popover";
import { runs, runsById, runsList } from "../state/catalog";
import { pickAll, picked } from "../state/picked";
import { MOST_SHOWN, showOnly } from "../state/selection";
import { say, toast } from "../state/toast";
import { tab } from "../state/view";
import { inParts, leftAlone } from "./parts";

export function BulkBar() {
  const ids = [...picked.value];
  if (!ids.length) return null;
  const show = () => {
    showOnly(ids.slice(0, MOST_SHOWN));
    tab.set("charts");
  };
  return (
    <div class="bulk" role="group" aria-label="Selected runs">
      <b class="number">{formatCount(ids.length)} selected</b>
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
        Add to {formatCount(ids.length)} {ids.length === 1 ? "run" : "runs"}
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
  const changing = ids.filter((id) => add.some((tag) => !has(id, tag)) || remove.some((tag) => has(id, tag)));
  const changed = await inParts("Tagging", changing, (part) => changeTags(part, add, remove));
  const count = formatCount(changed.done.length);
  const word = add.length ? `Tagged ${count} with ${add.join(", ")}.` : `Removed ${remove.join(", ")} from ${count}.`;
  const undo = () => inParts("Untagging", changed.done, (part) => changeTags(part, remove, add)).then(finished);
  told(changed, word, undo);
}

async function remove(ids: readonly number[]): Promise<void> {
  const changed = await inParts("Deleting", ids, deleteRuns);
  const { done, refused } = changed;
  const undo = () => inParts("Taking back", done, restoreRuns).then(finished);
  told(changed, `Deleted ${formatCount(done.length)} ${done.length === 1 ? "run" : "runs"}.`, undo);
  pickAll(refused.map(({ run }) => run));
}

/** Says what was done, and shows the list as it is now. */
function told(changed: Changed, word: string, undo: () => Promise<void>): void {
  say(word + leftAlone(changed), changed.done.length ? { undo } : { failed: changed.refused.length > 0 });
  void runsList.reload();
}

async function finished(changed: Changed): Promise<void> {
  if (changed.refused.length) say(leftAlone(changed), { failed: true });
  else toast.value = null;
  await runsList.reload();
}
