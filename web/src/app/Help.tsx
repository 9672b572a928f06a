// The keys, on a sheet.

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

export const helpOpen = signal(false);

const KEYS: readonly [string, string][] = [
  ["/", "Search: charts, runs or console lines, whatever is on the page; by words, or a regular expression: train/(loss|acc)"],
  ["Ctrl K", "Go to a run, chart, tab or project by its name (⌘ K on a Mac)"],
  ["j  k  ↓  ↑", "Next, previous run"],
  ["Enter", "Open the run under the cursor"],
  ["Space", "Show or hide the run under the cursor in the charts"],
  ["x", "Select the run under the cursor, to tag or delete many at once"],
  ["f", "Chart under the pointer or the focus in full screen"],
  ["l", "Logarithmic y axis on or off"],
  ["r", "Reset the zoom"],
  [",  .", "On a run's page: the pinned moment to the previous, next logged step"],
  ["u", "Up: from the run to its project"],
  ["t", "Light or dark"],
  ["Esc", "Close what is open, leave a field"],
  ["?", "This sheet"],
];

const POINTER: readonly [string, string][] = [
  ["Drag on a chart", "Zoom; finer detail is fetched, all charts follow"],
  ["Shift and drag", "Move along the x axis"],
  ["Double click", "Back to the whole run"],
  ["Click on a chart", "Pin the crosshair in all charts, and on a run's page all tabs; click again, or Esc, to let it go"],
  ["Pointer on a run", "Its lines stand out, the others fade"],
  ["Click on a colour", "Choose another one"],
];

export function Help() {
  return helpOpen.value ? <Sheet /> : null;
}

function Sheet() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const close = () => {
    helpOpen.value = false;
  };
  return (
    <dialog class="help" ref={dialog} onClose={close} onClick={(event) => event.target === dialog.current && close()}>
      <header>
        <h2>Keys and pointer</h2>
        <button type="button" class="icon" aria-label="Close" onClick={close}>
          ✕
        </button>
      </header>
      <dl>
        {[...KEYS, ...POINTER].map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <p class="muted">Everything you set is in the address: copy it to show somebody exactly this view.</p>
    </dialog>
  );
}
