// Stands where runs would be, when the filter lets none through.

import { Empty } from "../parts/states";
import { runFilter } from "../state/view";

export function NoMatch() {
  return (
    <Empty title={`No run matches “${runFilter.value}”`}>
      <button type="button" class="button" onClick={() => runFilter.set("")}>
        Clear the filter
      </button>
    </Empty>
  );
}
