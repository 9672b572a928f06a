// One image as large as the window, its neighbours by the arrow keys.

import { useEffect, useRef, useState } from "preact/hooks";
import type { FileRow } from "../api/types";
import { formatCount } from "../format";
import { Annotated, type Overlay } from "./Annotated";

interface Props {
  files: readonly FileRow[];
  start: FileRow;
  overlay: Overlay;
  close(): void;
}

export function Lightbox({ files, start, overlay, close }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [at, setAt] = useState(Math.max(0, files.indexOf(start)));
  useEffect(() => dialog.current?.showModal(), []);
  const file = files[at] ?? start;
  const move = (by: number) => setAt((at + by + files.length) % files.length);
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    move(by);
  };
  return (
    <dialog
      class="lightbox"
      ref={dialog}
      onClose={close}
      onKeyDown={onKeyDown}
      onClick={(event) => event.target === dialog.current && close()}
      aria-label={file.caption ?? file.name}
    >
      <Annotated key={file.url} file={file} overlay={overlay} />
      <p>
        {files.length > 1 && (
          <button type="button" class="icon" aria-label="Previous image" onClick={() => move(-1)}>
            ‹
          </button>
        )}{" "}
        {file.caption ?? file.name} · step {formatCount(file.step)}
        {files.length > 1 && ` · ${at + 1} of ${files.length}`}{" "}
        {files.length > 1 && (
          <button type="button" class="icon" aria-label="Next image" onClick={() => move(1)}>
            ›
          </button>
        )}
        <button type="button" class="button" onClick={close}>
          Close
        </button>
      </p>
    </dialog>
  );
}
