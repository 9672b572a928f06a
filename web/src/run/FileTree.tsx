// Files in folders that open and fold, and stay as they were left.

import type { FileRow } from "../api/types";
import { formatBytes, formatCount, formatDate } from "../format";
import { foldsOf } from "../parts/folds";
import "../style/files.css";
import type { Folder } from "./folders";

/** Files of one folder made at once; the search narrows longer lists. */
const MOST = 500;

const folds = foldsOf("pluto.folders");

export interface TreeProps {
  /** Names the folder among all that are remembered. */
  id: string;
  folder: Folder;
  /** Whether folders are open that nobody has touched. */
  atFirst: boolean;
  /** A search is on: what it found is open whatever was folded. */
  searched: boolean;
  /** Each file with its step; of an artifact all have the same. */
  steps?: boolean;
  current: FileRow | undefined;
  pick(url: string): void;
}

export function FileTree({ id, folder, ...rest }: TreeProps) {
  const more = folder.files.length - MOST;
  return (
    <ul class="file-tree">
      {[...folder.folders].map(([name, inner]) => (
        <FolderShown key={`${name}/`} id={`${id}/${name}`} name={name} folder={inner} {...rest} />
      ))}
      {folder.files.slice(0, MOST).map(({ name, file }) => (
        <FileShown key={file.url} name={name} file={file} {...rest} />
      ))}
      {more > 0 && <li class="muted">{formatCount(more)} more: search for them</li>}
    </ul>
  );
}

function FolderShown({ name, ...rest }: TreeProps & { name: string }) {
  const { id, folder, atFirst, searched } = rest;
  const isOpen = searched || folds.isOpen(id, atFirst);
  return (
    <li>
      <button type="button" class="file-line folder" aria-expanded={isOpen} disabled={searched} onClick={() => folds.set(id, !isOpen)}>
        <span class="caret" aria-hidden="true">
          {isOpen ? "▾" : "▸"}
        </span>
        <span class="grow">
          {name}/ <span class="muted number">{formatCount(folder.count)}</span>
        </span>
        <span class="muted number size">{formatBytes(folder.size)}</span>
      </button>
      {isOpen && <FileTree {...rest} />}
    </li>
  );
}

function FileShown({ name, file, steps, current, pick }: Omit<TreeProps, "id" | "folder"> & { name: string; file: FileRow }) {
  const said = steps ? (file.caption ?? file.fileType) : null;
  return (
    <li class={`file-line ${file.url === current?.url ? "cursor" : ""}`}>
      <span class="grow">
        <button type="button" class="link" title={`${file.name}\n${file.fileName}`} onClick={() => pick(file.url)}>
          {name}
        </button>
        {said && said !== name && <span class="muted"> {said}</span>}
      </span>
      {steps && (
        <span class="muted number" title={formatDate(file.time)}>
          step {formatCount(file.step)}
        </span>
      )}
      <span class="number size" title={`${file.size} bytes`}>
        {formatBytes(file.size)}
      </span>
      <a class="download" href={file.url} download={file.fileName} title={`Download ${name}`} aria-label={`Download ${name}`}>
        ↓
      </a>
    </li>
  );
}
