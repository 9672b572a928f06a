// Which columns the runs table shows.

import { useState } from "preact/hooks";
import { Popover } from "../parts/Popover";
import { runs } from "../state/catalog";
import { columns, resetColumns, setColumns } from "../state/selection";
import { availableColumns, columnFor } from "./columns";
import { textMatcher } from "./filter";

/** So many names of one kind are offered at once; the search finds the rest. */
const MOST = 200;

export function ColumnChooser() {
  return (
    <Popover label="Choose columns" button="Columns" wide text>
      <Chooser />
    </Popover>
  );
}

function Chooser() {
  const [search, setSearch] = useState("");
  const all = availableColumns(runs.value);
  const matches = textMatcher(search);
  return (
    <div class="chooser">
      <input
        type="search"
        class="search"
        placeholder="Find a column"
        aria-label="Find a column"
        value={search}
        onInput={(event) => setSearch(event.currentTarget.value)}
      />
      <div class="chooser-lists">
        <Group title="Run" keys={all.fixed.filter(matches)} />
        <Group title="Metrics (last value)" keys={all.metrics.filter(matches)} />
        <Group title="Config (differing first)" keys={all.config.filter(matches)} />
      </div>
      <button type="button" class="link" onClick={resetColumns}>
        Back to the usual columns
      </button>
    </div>
  );
}

function Group({ title, keys }: { title: string; keys: readonly string[] }) {
  if (!keys.length) return null;
  const chosen = columns.value.map((column) => column.key);
  const toggle = (key: string) =>
    setColumns(chosen.includes(key) ? chosen.filter((other) => other !== key) : [...chosen, key]);
  return (
    <fieldset>
      <legend>{title}</legend>
      {keys.slice(0, MOST).map((key) => (
        <label key={key}>
          <input type="checkbox" checked={chosen.includes(key)} disabled={key === "name"} onChange={() => toggle(key)} />
          {columnFor(key)?.label}
        </label>
      ))}
      {keys.length > MOST && <p class="muted">{keys.length - MOST} more: search for them</p>}
    </fieldset>
  );
}
