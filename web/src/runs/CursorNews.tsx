// Says aloud, for a screen reader, which run the keys act on.

import { runsById } from "../state/catalog";
import { isPicked } from "../state/picked";
import { shownSet } from "../state/selection";
import { cursorRun } from "./Rail";

export function CursorNews() {
  const run = cursorRun.value === null ? undefined : runsById.value.get(cursorRun.value);
  const words = run && [run.name, run.status.toLowerCase(), shownSet.value.has(run.id) ? "shown" : "hidden", isPicked(run.id) && "selected"];
  return (
    <p class="unseen" role="status" data-testid="cursor-news">
      {words?.filter(Boolean).join(", ")}
    </p>
  );
}
