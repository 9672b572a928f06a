// Below the bar while a kept view or panel was changed here and elsewhere: whose stays is for a person to say.

import { columnName } from "../runs/columns";
import { readPanels, titleOf } from "../panels/model";
import { conflicts, decide, type Conflict } from "../state/saved";

export function ConflictLine() {
  const [conflict] = conflicts.value;
  if (!conflict) return null;
  const title = titleFor(conflict);
  const more = conflicts.value.length - 1;
  return (
    <div class="stale lost-line" role="alert" data-testid="conflict">
      <span>
        {wordsOn(conflict, title)}
        {more > 0 && ` Then ${more} more.`}
      </span>
      <button type="button" class="button" onClick={() => void decide(conflict, "theirs", title)}>
        {conflict.theirs === null ? "Let it go" : "Take theirs"}
      </button>
      <button type="button" class="button" onClick={() => void decide(conflict, "mine", title)}>
        {conflict.mine === null ? "Remove it all the same" : "Keep mine"}
      </button>
    </div>
  );
}

function wordsOn({ mine, theirs }: Conflict, title: string): string {
  if (mine === null) return `You removed the ${title}, which somebody else, or you in another window, changed meanwhile. It is still there.`;
  if (theirs === null) return `You changed the ${title}, which somebody else, or you in another window, removed meanwhile. You see yours, which only this browser has.`;
  return `The ${title} was changed by somebody else too, or by you in another window. You see yours, which only this browser has.`;
}

function titleFor({ kind, name, mine, theirs }: Conflict): string {
  if (kind === "view") return `view “${name}”`;
  const [panel] = readPanels({ [name]: mine ?? theirs });
  return `panel “${panel ? titleOf(panel, columnName) : name}”`;
}
