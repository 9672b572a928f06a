// Reads a unified diff, as git prints it, into files and lines.

export interface DiffLine {
  kind: "added" | "removed" | "place" | "same";
  text: string;
}

export interface DiffFile {
  name: string;
  added: number;
  removed: number;
  lines: DiffLine[];
}

export function readDiff(text: string): DiffFile[] {
  const files: DiffFile[] = [];
  let inHunk = false;
  for (const line of text.split("\n")) {
    if (line.startsWith("diff --git ")) {
      files.push({ name: nameOf(line), added: 0, removed: 0, lines: [] });
      inHunk = false;
      continue;
    }
    const file = files[files.length - 1];
    if (!file) continue;
    inHunk ||= line.startsWith("@@");
    const kind = inHunk ? kindOf(line) : "place";
    if (kind === "added") file.added += 1;
    if (kind === "removed") file.removed += 1;
    if (inHunk || /^(new|deleted|old|rename|similarity|Binary)/.test(line)) file.lines.push({ kind, text: line });
  }
  return files;
}

/** `diff --git a/x b/y` as `y`, or as both where a file was renamed. */
function nameOf(line: string): string {
  const match = /^diff --git "?a\/(.*?)"? "?b\/(.*?)"?$/.exec(line);
  if (!match) return line.slice(11);
  return match[1] === match[2] ? (match[2] as string) : `${match[1]} → ${match[2]}`;
}

function kindOf(line: string): DiffLine["kind"] {
  if (line.startsWith("+")) return "added";
  if (line.startsWith("-")) return "removed";
  return line.startsWith("@@") || line.startsWith("\\") ? "place" : "same";
}
