// Says that a list is not whole yet, for as long as it is not.

import { formatCount } from "../format";
import { unread } from "../state/filling";

export function Unread() {
  const count = unread.value;
  return (
    <span class="muted number" role="status" data-testid="unread">
      {count > 0 && `reading ${formatCount(count)} more ${count === 1 ? "run" : "runs"}…`}
    </span>
  );
}
