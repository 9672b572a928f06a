// Which columns the runs table shows.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Popover } from "../parts/Popover";
import { SearchField } from "../parts/SearchField";
import { runs } from "../state/catalog";
import { metricNames } from "../state/metrics";
import { columnKeys, columns, pinned, resetColumns, setColumns, togglePin } from "../state/selection";
import { MEASURES, type Measure } from "./best";
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
  const [measure, setMeasure] = useState<Measure | "curve">("metric");
  const all = availableColumns(runs.value, metricNames.value);
  const matches = textMatcher(search);
  const offered = measure === "metric" ? all.metrics : all.metrics.map((key) => measure + key.slice("metric".length));
  return (
    <div class="chooser">
      <SearchField label="Find a column" value={search} set={setSearch} />
      <div class="chooser-lists">
        {!search && <Chosen />}
        <Group title="Run" keys={all.fixed.filter(matches)} />
        <Group
          title="Metrics"
          keys={offered.filter(matches)}
          beside={
            <select aria-label="Which value of a metric" value={measure} onChange={(event) => setMeasure(event.currentTarget.value as Measure | "curve")}>
              {Object.entries(MEASURES).map(([key, label]) => (
                <option value={key} key={key}>
                  {label}
                </option>
              ))}
              <option value="curve">curve</option>
            </select>
          }
        />
        <Group title="Config (differing first)" keys={all.config.filter(matches)} />
      </div>
      <button type="button" class="link" onClick={resetColumns}>
        Back to the usual columns
      </button>
    </div>
  );
}

function Chosen() {
  return (
    <fieldset>
      <legend>Shown, in this order</legend>
      {columns.value.map(({ key, label, detail }, index) => (
        <div class="chosen" key={key}>
          <span>{[detail, label].filter(Boolean).join(" ")}</span>
          {key !== "name" && (
            <>
              <button type="button" class="icon" aria-label={`Move ${key} to the left`} title="To the left" disabled={index < 2} onClick={() => move(index)}>
                ↑
              </button>
              <button type="button" class="link" aria-pressed={pinned.value.has(key)} aria-label={`Pin ${key}`} onClick={() => togglePin(key)}>
                {pinned.value.has(key) ? "unpin" : "pin"}
              </button>
              <button type="button" class="icon" aria-label={`Remove ${key}`} title="Remove" onClick={() => setColumns(without(key))}>
                ✕
              </button>
            </>
          )}
        </div>
      ))}
    </fieldset>
  );
}

function without(key: string): string[] {
  if (pinned.peek().has(key)) togglePin(key);
  return columnKeys.peek().filter((other) => other !== key);
}

/** One place to the left. */
function move(index: number): void {
  const keys = [...columnKeys.peek()];
  keys.splice(index - 1, 0, ...keys.splice(index, 1));
  setColumns(keys);
}

function Group({ title, keys, beside }: { title: string; keys: readonly string[]; beside?: ComponentChildren }) {
  if (!keys.length && !beside) return null;
  const chosen = columns.value.map((column) => column.key);
  const toggle = (key: string) =>
    setColumns(chosen.includes(key) ? without(key) : [...chosen, key]);
  return (
    <fieldset>
      <legend>
        {title} {beside}
      </legend>
      {keys.slice(0, MOST).map((key) => (
        <label key={key}>
          <input type="checkbox" checked={chosen.includes(key)} disabled={key === "name"} onChange={() => toggle(key)} />
          {[columnFor(key)?.detail, columnFor(key)?.label].filter(Boolean).join(" ")}
        </label>
      ))}
      {keys.length > MOST && <p class="muted">{keys.length - MOST} more: search for them</p>}
    </fieldset>
  );
}
