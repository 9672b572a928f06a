// Which columns put runs together: config keys that differ first, for instance all but the seed.

import { useState } from "preact/hooks";
import { Popover } from "../parts/Popover";
import { SearchField } from "../parts/SearchField";
import { runs } from "../state/catalog";
import { groupBy, groupKeys } from "../state/selection";
import { availableColumns, columnFor } from "./columns";
import { textMatcher } from "./filter";

/** So many keys are offered at once; the search finds the rest. */
const MOST = 100;

export function GroupButton() {
  const keys = groupKeys.value;
  const names = keys.map((key) => columnFor(key)?.label ?? key).join(", ");
  return (
    <Popover label={keys.length ? `Grouped by ${names}` : "Group the runs"} button={keys.length ? `Group: ${names}` : "Group"} wide text>
      <Chooser />
    </Popover>
  );
}

function Chooser() {
  const [search, setSearch] = useState("");
  const chosen = groupKeys.value;
  const all = [...availableColumns(runs.value).config, "name", "status", "tags"];
  const keys = all.filter(textMatcher(search));
  const toggle = (key: string) => groupBy(chosen.includes(key) ? chosen.filter((other) => other !== key) : [...chosen, key]);
  return (
    <div class="chooser">
      <p class="muted">Runs that agree in these are shown as one: mean ± standard deviation.</p>
      <SearchField label="Find a config key" value={search} set={setSearch} />
      <div class="chooser-lists">
        {keys.slice(0, MOST).map((key) => (
          <label key={key}>
            <input type="checkbox" checked={chosen.includes(key)} onChange={() => toggle(key)} />
            {columnFor(key)?.label}
          </label>
        ))}
        {keys.length > MOST && <p class="muted">{keys.length - MOST} more: search for them</p>}
      </div>
      {chosen.length > 0 && (
        <button type="button" class="link" data-closes onClick={() => groupBy([])}>
          Do not group
        </button>
      )}
    </div>
  );
}
