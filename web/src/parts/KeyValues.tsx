// Names and values in two columns, with a search; a click on a value copies it whole.

import { useState } from "preact/hooks";
import { SearchField } from "./SearchField";
import { textMatcher } from "../runs/filter";
import { exactValue, formatValue } from "../format";
import { copyText } from "./states";

interface Props {
  title: string;
  rows: readonly (readonly [string, unknown])[];
  /** What to say when there is none. */
  none: string;
  testId?: string;
}

/** Below this the eye is faster than a search field. */
const SEARCHED = 12;

export function KeyValues({ title, rows, none, testId }: Props) {
  const [search, setSearch] = useState("");
  const matches = textMatcher(search);
  const found = search ? rows.filter(([key, value]) => matches(`${key} ${exactValue(value)}`)) : rows;
  return (
    <section class="key-values" data-testid={testId}>
      <header>
        <h2>
          {title} <span class="muted number">{rows.length}</span>
        </h2>
        {rows.length > SEARCHED && (
          <SearchField main label={`Search ${title}`} placeholder="Search  /" value={search} set={setSearch} />
        )}
      </header>
      {rows.length === 0 && <p class="muted">{none}</p>}
      {rows.length > 0 && found.length === 0 && <p class="muted">Nothing matches “{search}”.</p>}
      <dl>
        {found.map(([key, value]) => (
          <div key={key}>
            <dt>{key}</dt>
            <dd class={typeof value === "number" ? "number" : ""}>
              <button type="button" title={`${exactValue(value)}\nClick to copy`} onClick={() => void copyText(exactValue(value))}>
                {formatValue(value) || "–"}
              </button>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
