// The form in which a panel is made or changed.

import { useEffect, useRef, useState } from "preact/hooks";
import { NamePicker } from "../charts/NamePicker";
import { availableColumns, columnName } from "../runs/columns";
import { runs } from "../state/catalog";
import { metricNames } from "../state/metrics";
import { edited, keepPanel } from "../state/panels";
import { listedRuns, railColumn } from "../state/selection";
import { KINDS, titleOf, type Kind, type Panel } from "./model";

/** All columns that a panel can show: settings, then last and best values. */
function columnKeys(): string[] {
  const { config, metrics } = availableColumns(runs.peek(), metricNames.peek());
  const best = metrics.flatMap((key) => ["min", "max"].map((measure) => measure + key.slice("metric".length)));
  return [...config, ...metrics, ...best, "duration", "created"];
}

export function PanelEditor({ panel }: { panel: Panel }) {
  const [draft, setDraft] = useState(panel);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const change = (changes: Partial<Panel>) => setDraft({ ...draft, ...changes });
  const close = () => (edited.value = null);
  const ready = draft.y.length > 0 && (draft.kind !== "scatter" || draft.x !== "");
  const save = (event: Event) => {
    event.preventDefault();
    if (!ready) return;
    keepPanel(draft);
    close();
  };
  return (
    <dialog class="help editor" ref={dialog} aria-label="Panel" onClose={close}>
      <form onSubmit={save}>
        <header>
          <h2>Panel</h2>
          <button type="button" class="icon" aria-label="Close" onClick={close}>
            ✕
          </button>
        </header>
        <label class="editor-row">
          <span>Kind</span>
          <select value={draft.kind} aria-label="Kind of panel" onChange={(event) => change(cleared(event.currentTarget.value as Kind))}>
            {Object.entries(KINDS).map(([kind, label]) => (
              <option value={kind} key={kind}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <Values draft={draft} change={change} />
        <label class="editor-row">
          <span>Title</span>
          <input
            class="search"
            aria-label="Title"
            value={draft.title}
            placeholder={titleOf({ ...draft, title: "" }, columnName)}
            onInput={(event) => change({ title: event.currentTarget.value })}
          />
        </label>
        <div class="editor-row">
          <span />
          <label class="field">
            <input type="checkbox" checked={draft.wide} onChange={(event) => change({ wide: event.currentTarget.checked })} /> wide
          </label>
          {(draft.kind === "line" || draft.kind === "scatter") && (
            <label class="field">
              <input type="checkbox" checked={draft.log} onChange={(event) => change({ log: event.currentTarget.checked })} /> logarithmic y
            </label>
          )}
        </div>
        <footer>
          <button type="button" class="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="button primary" disabled={!ready}>
            Save
          </button>
        </footer>
      </form>
    </dialog>
  );
}

/** Another kind shows other things. */
function cleared(kind: Kind): Partial<Panel> {
  return { kind, y: [], x: "", color: "", wide: kind === "parallel" };
}

interface ValuesProps {
  draft: Panel;
  change(changes: Partial<Panel>): void;
}

function Values({ draft, change }: ValuesProps) {
  const { kind, y, x, color } = draft;
  const many = kind === "line" || kind === "parallel";
  const names = kind === "line" ? () => metricNames.peek() : columnKeys;
  return (
    <>
      <KeysRow
        label={{ line: "Metrics", bar: "Value", scatter: "y", parallel: "Axes" }[kind]}
        keys={y}
        names={names}
        many={many}
        set={(keys) => change({ y: keys })}
      />
      {kind === "parallel" && !y.length && <Suggestion change={change} />}
      {kind === "scatter" && <KeysRow label="x" keys={x ? [x] : []} names={names} many={false} set={([key = ""]) => change({ x: key })} />}
      {kind === "line" && (
        <KeysRow
          label="Over the metric"
          keys={x ? [x.replace(/^metric:/, "")] : []}
          names={names}
          many={false}
          set={([name]) => change({ x: name ? `metric:${name}` : "" })}
        />
      )}
      {(kind === "scatter" || kind === "parallel") && (
        <KeysRow label="Colour by" keys={color ? [color] : []} names={names} many={false} set={([key = ""]) => change({ color: key })} />
      )}
    </>
  );
}

/** So many settings make axes that are still told apart. */
const MOST_AXES = 7;

/** Most parallel coordinates are of what was tried and what came out. */
function Suggestion({ change }: Pick<ValuesProps, "change">) {
  const { config, differing } = availableColumns(listedRuns.peek());
  const result = railColumn.peek();
  if (!differing || !result) return null;
  const use = () => change({ y: [...config.slice(0, Math.min(differing, MOST_AXES)), result.key], color: result.key });
  return (
    <div class="editor-row">
      <span />
      <button type="button" class="link" onClick={use}>
        Settings that differ, and {result.label}
      </button>
    </div>
  );
}

interface KeysProps {
  label: string;
  keys: readonly string[];
  names(): readonly string[];
  many: boolean;
  set(keys: string[]): void;
}

function KeysRow({ label, keys, names, many, set }: KeysProps) {
  return (
    <div class="editor-row">
      <span>{label}</span>
      <div>
        {keys.map((key) => (
          <span class="tag" key={key}>
            {key}{" "}
            <button type="button" class="tag-remove" aria-label={`Remove ${key}`} onClick={() => set(keys.filter((other) => other !== key))}>
              ✕
            </button>
          </span>
        ))}
        {(many || keys.length === 0) && (
          <NamePicker label={`${label}: choose`} button={keys.length ? "add…" : "choose…"} names={names} choose={(key) => set([...new Set([...keys, key])])} />
        )}
      </div>
    </div>
  );
}
