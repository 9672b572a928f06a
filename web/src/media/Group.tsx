// All media of one name at one step, the runs side by side.

import { useRef, useState } from "preact/hooks";
import type { FileRow } from "../api/types";
import { formatCount } from "../format";
import { useInSight } from "../parts/hooks";
import { Shown } from "../run/Preview";
import { Dot } from "../runs/Swatch";
import { runsById } from "../state/catalog";
import { Annotated, type Overlay } from "./Annotated";
import { classColor, classesOf } from "./annotations";
import { HtmlShown, JsonShown } from "./Document";
import { kindOf } from "./kinds";
import { Lightbox } from "./Lightbox";
import type { RunFiles } from "./MediaBoard";

interface Props {
  name: string;
  columns: readonly RunFiles[];
  /** Whether the runs are named over their columns. */
  named: boolean;
}

export function Group({ name, columns, named }: Props) {
  const [box, inSight] = useInSight<HTMLElement>();
  // What was in sight once stays: nothing above the reader may shrink and move the page.
  const seen = useRef(false);
  seen.current ||= inSight;
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [zoomed, setZoomed] = useState<FileRow | null>(null);
  const all = columns.flatMap(({ files }) => files);
  const overlay: Overlay = { classes: classesOf(all), hidden, masks: all.filter((file) => file.fileType === "mask") };
  const images = all.filter((file) => kindOf(file) === "image");
  const own = [...new Set(all.map((file) => file.step))];
  return (
    <section class="media-group" ref={box} data-testid={`media-${name}`}>
      <h2>
        {name} <span class="muted number">{own.length ? `step ${own.map(formatCount).join(", ")}` : "nothing yet at this step"}</span>
      </h2>
      <Classes overlay={overlay} set={setHidden} />
      <div {...(named ? { class: "media-columns", tabIndex: 0, role: "region", "aria-label": `${name}, run by run` } : {})}>
        {columns.map(({ run, files }) => (
          <div key={run.id} class="media-column" data-run={run.id}>
            {named && <RunName run={run} />}
            {named && !files.length && <p class="muted">nothing at this step</p>}
            {seen.current && <Cells name={name} files={files} overlay={overlay} enlarge={setZoomed} />}
          </div>
        ))}
      </div>
      {zoomed && <Lightbox files={images} start={zoomed} overlay={overlay} close={() => setZoomed(null)} />}
    </section>
  );
}

function RunName({ run }: { run: RunFiles["run"] }) {
  const listed = runsById.value.get(run.id);
  return (
    <h3>
      {listed && <Dot run={listed} />} {run.name}
    </h3>
  );
}

interface CellsProps {
  name: string;
  files: readonly FileRow[];
  overlay: Overlay;
  enlarge(file: FileRow): void;
}

function Cells({ name, files, overlay, enlarge }: CellsProps) {
  const cells = files.filter((file) => kindOf(file));
  const wide = cells.some((file) => kindOf(file) === "html" || kindOf(file) === "json");
  return (
    <div class={`media-grid ${wide ? "wide" : ""}`}>
      {cells.map((file) => (
        <figure key={file.url}>
          <Cell name={name} file={file} overlay={overlay} enlarge={enlarge} />
          {file.caption && <figcaption>{file.caption}</figcaption>}
        </figure>
      ))}
    </div>
  );
}

function Cell({ name, file, overlay, enlarge }: Omit<CellsProps, "files"> & { file: FileRow }) {
  const kind = kindOf(file);
  if (kind === "html") return <HtmlShown file={file} />;
  if (kind === "json") return <JsonShown file={file} />;
  if (kind !== "image") return <Shown file={file} />;
  return (
    <div class="image-cell">
      <Annotated file={file} overlay={overlay} />
      <button type="button" class="image-button" aria-label={`Enlarge ${file.caption ?? name}`} onClick={() => enlarge(file)} />
    </div>
  );
}

/** The classes of boxes and masks, each to be shown or hidden. */
function Classes({ overlay: { classes, hidden }, set }: { overlay: Overlay; set(hidden: ReadonlySet<string>): void }) {
  if (!classes.length) return null;
  const toggle = (label: string) => {
    const next = new Set(hidden);
    if (!next.delete(label)) next.add(label);
    set(next);
  };
  return (
    <div class="media-classes" role="group" aria-label="Classes over the images">
      {classes.map((label) => (
        <button type="button" key={label} class="chip" aria-pressed={!hidden.has(label)} onClick={() => toggle(label)}>
          <span class="dot" style={{ "--dot": classColor(classes, label) }} /> {label}
        </button>
      ))}
    </div>
  );
}
