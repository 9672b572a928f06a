// What a browser can show of a file, and a link to have it whole.

import type { FileRow } from "../api/types";
import { formatBytes, formatDate } from "../format";
import { HtmlShown, JsonPreview } from "../media/Document";
import { documentKind } from "../media/kinds";
import { TextShown } from "./TextShown";
import { SourceSwitch } from "./SourceSwitch";

const TEXT_TYPES = /^text\/|json|yaml|xml|csv|javascript|x-python|toml/;
const TEXT_EXTENSIONS = /^(txt|log|md|py|json|ya?ml|toml|csv|tsv|cfg|ini|sh|diff|patch|xml)$/i;

export function Preview({ file }: { file: FileRow }) {
  return (
    <figure class="preview">
      <figcaption>
        <b>{file.caption || file.name}</b>
        <span class="muted file-name" title={file.fileName}>
          {file.fileName}
        </span>
        <span class="muted number">
          {formatBytes(file.size)} · step {file.step} · {formatDate(file.time)}
        </span>
        <a class="button" href={file.url} download={file.fileName}>
          Download
        </a>
      </figcaption>
      <Whole file={file} />
    </figure>
  );
}

/** Documents as what they are, or as they are written; all else as it is shown everywhere. */
function Whole({ file }: { file: FileRow }) {
  const kind = documentKind(file);
  if (kind === "html") return <SourceSwitch file={file} shown="Page" view={<HtmlShown file={file} />} />;
  return kind === "json" ? <JsonPreview file={file} /> : <Shown file={file} />;
}

export function Shown({ file }: { file: FileRow }) {
  const mime = file.mime ?? "";
  const title = file.caption ?? `${file.name} at step ${file.step}`;
  if (mime.startsWith("image/") || file.type === "IMAGE") return <img src={file.url} alt={title} loading="lazy" onLoad={sharpen} />;
  if (mime.startsWith("audio/") || file.type === "AUDIO") return <audio controls preload="metadata" src={file.url} title={title} />;
  if (mime.startsWith("video/") || file.type === "VIDEO") return <video controls preload="metadata" src={file.url} title={title} />;
  if (TEXT_TYPES.test(mime) || TEXT_EXTENSIONS.test(file.fileType)) return <TextShown file={file} />;
  return <p class="muted">No preview for {mime || file.fileType || "this type"}.</p>;
}

/** Tiny images are enlarged: their pixels are what one wants to see. */
export function sharpen(event: Event): void {
  const image = event.currentTarget as HTMLImageElement;
  image.classList.toggle("pixelated", image.naturalWidth <= 128);
}
