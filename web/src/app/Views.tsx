// Views that were given a name, kept for everybody who looks at this project.

import { useState } from "preact/hooks";
import { Popover } from "../parts/Popover";
import { forgetView, keepView, leaveView, showView, shownView, viewChanged, views } from "../state/views";

export function Views() {
  const shown = shownView.value;
  return (
    <Popover label="Saved views" button={shown === null ? "Views" : `View: ${shown}${viewChanged.value ? " *" : ""}`} wide text>
      <List />
    </Popover>
  );
}

function List() {
  const [name, setName] = useState("");
  const shown = shownView.value;
  const wanted = name.trim();
  return (
    <form
      class="chooser"
      onSubmit={(event) => {
        event.preventDefault();
        if (!wanted) return;
        keepView(wanted);
        setName("");
      }}
    >
      <p class="muted">
        {shown === null
          ? "A view is all that you set: filter, groups, columns, charts, zoom, and your panels as they are. Name it, and find it again here."
          : `Panels that you change now are changed in “${shown}” alone.`}
      </p>
      <div class="chooser-lists names">
        {[...views.value.keys()].map((view) => (
          <Row key={view} view={view} current={view === shown} />
        ))}
      </div>
      {shown !== null && (
        <div class="view-row">
          <button type="button" class="link" onClick={leaveView}>
            Back to the panels of the project
          </button>
          {viewChanged.value && (
            <button type="button" class="link" onClick={() => keepView(shown)}>
              Save the changes to {shown}
            </button>
          )}
        </div>
      )}
      <input
        class="search"
        placeholder="Name of the view on the screen"
        aria-label="Name of the view"
        maxLength={200}
        value={name}
        onInput={(event) => setName(event.currentTarget.value)}
      />
      <button type="submit" class="button primary" disabled={!wanted}>
        {views.value.has(wanted) ? "Replace" : "Save this view"}
      </button>
    </form>
  );
}

function Row({ view, current }: { view: string; current: boolean }) {
  return (
    <div class="view-row">
      <button type="button" data-closes aria-current={current} onClick={() => showView(view)}>
        {view}
      </button>
      <button type="button" class="icon" title="Forget this view" aria-label={`Forget ${view}`} onClick={() => forgetView(view)}>
        ✕
      </button>
    </div>
  );
}
