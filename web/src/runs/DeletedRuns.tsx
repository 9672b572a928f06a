// The way to the deleted runs of this project.

import { signal } from "@preact/signals";
import { exportedAt } from "../parts/exported";
import { lazy } from "../parts/lazy";
import { place } from "../state/route";

const Sheet = lazy(() => import("./DeletedSheet").then((loaded) => loaded.DeletedSheet), "the deleted runs");

const open = signal(false);

export function openDeleted(): void {
  open.value = true;
}

function close(): void {
  open.value = false;
}

/** Opens the sheet; `text` is what the button says. */
export function DeletedButton({ text, link = false }: { text: string; link?: boolean }) {
  if (exportedAt !== null) return null;
  return (
    <button type="button" class={link ? "link" : "button"} title="Runs that were deleted: take them back, or remove them for good" onClick={openDeleted}>
      {text}
    </button>
  );
}

export function DeletedRuns() {
  const { project } = place.value;
  return open.value && project !== null ? <Sheet project={project} close={close} /> : null;
}
