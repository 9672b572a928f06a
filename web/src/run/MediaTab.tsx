// Images, sound, video and text by step: one slider for all of them.

import { useEffect, useRef, useState } from "preact/hooks";
import { fetchFiles } from "../api/client";
import type { FileRow, RunAnswer } from "../api/types";
import { formatCount } from "../format";
import { Empty, ErrorPanel, Skeleton } from "../parts/states";
import { mediaStep } from "../state/view";
import { sharpen, Shown } from "./Preview";
import { MEDIA_TYPES, ofTypes } from "./RunPage";
import { atStep, steps } from "./steps";
import { StepSlider } from "./StepSlider";
import { useFetched } from "./useFetched";

export function MediaTab({ answer: { run, names } }: { answer: RunAnswer }) {
  const media = ofTypes(names, MEDIA_TYPES);
  const news = media.map((info) => `${info.name}:${info.count}:${info.lastStep}`).join();
  const { data, error, retry } = useFetched(() => fetchFiles(run.id), [run.id, news]);
  if (error && !data) return <ErrorPanel error={error} retry={retry} title="The media could not be listed" />;
  if (!data) return <Skeleton label="Loading media" />;
  const files = data.filter((file) => MEDIA_TYPES.includes(file.type) && file.fileType !== "mask");
  if (!files.length) return <NoMedia />;
  const all = steps(files);
  const step = mediaStep.value ?? (all[all.length - 1] as number);
  const groups = grouped(files);
  return (
    <div class="media-page" data-testid="media">
      <StepSlider steps={all} step={step} set={(next) => mediaStep.set(next)} />
      {[...groups].map(([name, list]) => (
        <Group key={name} name={name} files={list} step={step} />
      ))}
    </div>
  );
}

function NoMedia() {
  return (
    <Empty title="No images, sound, video or text">
      <p>
        Log some with <code>run.log({"{"}"samples": pluto.Image(array){"}"})</code>.
      </p>
    </Empty>
  );
}

function grouped(files: readonly FileRow[]): Map<string, FileRow[]> {
  const groups = new Map<string, FileRow[]>();
  for (const file of files) groups.set(file.name, [...(groups.get(file.name) ?? []), file]);
  return groups;
}

function Group({ name, files, step }: { name: string; files: readonly FileRow[]; step: number }) {
  const [zoomed, setZoomed] = useState<FileRow | null>(null);
  const shown = atStep(files, step);
  const own = shown[0]?.step;
  return (
    <section class="media-group">
      <h2>
        {name}{" "}
        <span class="muted number">{own === undefined ? "nothing yet at this step" : `step ${formatCount(own)}`}</span>
      </h2>
      <div class="media-grid">
        {shown.map((file) => (
          <figure key={file.url}>
            {file.type === "IMAGE" ? (
              <button type="button" class="image-button" aria-label={`Enlarge ${file.caption ?? name}`} onClick={() => setZoomed(file)}>
                <Shown file={file} />
              </button>
            ) : (
              <Shown file={file} />
            )}
            {file.caption && <figcaption>{file.caption}</figcaption>}
          </figure>
        ))}
      </div>
      {zoomed && <Lightbox file={zoomed} close={() => setZoomed(null)} />}
    </section>
  );
}

function Lightbox({ file, close }: { file: FileRow; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog class="lightbox" ref={dialog} onClose={close} onClick={close} aria-label={file.caption ?? file.name}>
      <img src={file.url} alt={file.caption ?? file.name} onLoad={sharpen} />
      <p>
        {file.caption ?? file.name} · step {formatCount(file.step)}
      </p>
    </dialog>
  );
}
