// Files as a tree: the parts of their paths are folders.

import type { FileRow } from "../api/types";

export interface Folder {
  folders: Map<string, Folder>;
  files: { name: string; file: FileRow }[];
  /** Of all that is below it, in any depth; the size in bytes. */
  count: number;
  size: number;
}

/** The files by the parts of their paths, in the order of names, those of one name in the order of steps. */
export function treeOf(files: readonly FileRow[], pathOf: (file: FileRow) => string): Folder {
  const root = emptyFolder();
  for (const file of files) {
    const parts = pathOf(file).split("/").filter(Boolean);
    const name = parts.pop() ?? file.fileName;
    let at = root;
    add(at, file);
    for (const part of parts) {
      const inner = at.folders.get(part) ?? emptyFolder();
      at.folders.set(part, inner);
      at = inner;
      add(at, file);
    }
    at.files.push({ name, file });
  }
  return inOrder(root);
}

function emptyFolder(): Folder {
  return { folders: new Map(), files: [], count: 0, size: 0 };
}

function add(folder: Folder, file: FileRow): void {
  folder.count += 1;
  folder.size += file.size;
}

const byName = new Intl.Collator(undefined, { numeric: true }).compare;

function inOrder(folder: Folder): Folder {
  const folders = [...folder.folders].sort(([a], [b]) => byName(a, b));
  const files = folder.files.sort((a, b) => byName(a.name, b.name) || a.file.step - b.file.step || a.file.time - b.file.time);
  return { ...folder, folders: new Map(folders.map(([name, inner]) => [name, inOrder(inner)])), files };
}
