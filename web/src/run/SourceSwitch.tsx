// A document as what it is, or as it is written.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { FileRow } from "../api/types";
import { TextShown } from "./TextShown";

interface Props {
  file: FileRow;
  /** What the document is called when it is shown as what it is. */
  shown: string;
  view: ComponentChildren;
}

export function SourceSwitch({ file, shown, view }: Props) {
  const [source, setSource] = useState(false);
  return (
    <>
      <div class="shapes" role="group" aria-label="How the document is shown">
        <button type="button" class="button" aria-pressed={!source} onClick={() => setSource(false)}>
          {shown}
        </button>
        <button type="button" class="button" aria-pressed={source} onClick={() => setSource(true)}>
          Source
        </button>
      </div>
      {source ? <TextShown file={file} /> : view}
    </>
  );
}
