// Views that were given a name: what the address holds, kept for everybody who looks at this project.

import { useState } from "preact/hooks";
import { Popover } from "../parts/Popover";
import { currentQuery, place, showQuery } from "../state/route";
import { keep, saved } from "../state/saved";
import { say } from "../state/toast";

export function Views() {
  const shown = nameOfView(currentQuery.value);
  return (
    <Popover label="Saved views" button={shown ? `View: ${shown}` : "Views"} wide text>
      <List />
    </Popover>
  );
}

/** The view that the page shows, if its name is known. */
function nameOfView(query: string): string | null {
  return Object.entries(saved.value.view).find(([, value]) => value === query)?.[0] ?? null;
}

function List() {
  const [name, setName] = useState("");
  const views = Object.entries(saved.value.view).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  const query = currentQuery.value;
  return (
    <form
      class="chooser"
      onSubmit={(event) => {
        event.preventDefault();
        if (!name.trim()) return;
        void keep("view", name.trim(), query);
        setName("");
      }}
    >
      {views.length === 0 && (
        <p class="muted">A view is all that you set: filter, groups, columns, charts, zoom. Name it, and find it again here.</p>
      )}
      <div class="chooser-lists names">
        {views.map(([view, value]) => (
          <div class="view-row" key={view}>
            <button type="button" data-closes aria-current={value === query} onClick={() => showQuery(place.peek(), value)}>
              {view}
            </button>
            <button type="button" class="icon" title="Forget this view" aria-label={`Forget ${view}`} onClick={() => forget(view, value)}>
              ✕
            </button>
          </div>
        ))}
      </div>
      <input
        class="search"
        placeholder="Name of the view on the screen"
        aria-label="Name of the view"
        maxLength={200}
        value={name}
        onInput={(event) => setName(event.currentTarget.value)}
      />
      <button type="submit" class="button primary" disabled={!name.trim()}>
        {name.trim() in saved.value.view ? "Replace" : "Save this view"}
      </button>
    </form>
  );
}

function forget(name: string, value: string): void {
  void keep("view", name, null);
  say(`View “${name}” forgotten.`, { undo: () => keep("view", name, value) });
}
