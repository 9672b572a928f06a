// Artifacts among the files of a run: by name their versions, and of each version its files as a tree.

import type { FileRow, Lineage, LineageRun } from "../api/types";
import { asObject } from "./meta";

export interface Version {
  /** "v0" for the first one that this run logged. */
  label: string;
  step: number;
  time: number;
  /** What the artifact said of itself, such as its type; aliases among it. */
  type: string | null;
  aliases: string[];
  /** Names the content of all files, where the artifact brought one. */
  digest: string | null;
  files: FileRow[];
  size: number;
  /** The version before with the very same files, if so. */
  sameAs: string | null;
}

export interface Artifact {
  name: string;
  versions: Version[];
}

export function isArtifact(file: FileRow): boolean {
  return file.type === "ARTIFACT";
}

/** Artifacts by name; the files that were logged at once under it are a version. */
export function artifactsOf(files: readonly FileRow[]): Artifact[] {
  const names = new Map<string, Map<string, FileRow[]>>();
  for (const file of files.filter(isArtifact)) {
    const versions = names.get(file.name) ?? new Map<string, FileRow[]>();
    const key = `${file.step} ${file.time}`;
    versions.set(key, [...(versions.get(key) ?? []), file]);
    names.set(file.name, versions);
  }
  const all = [...names].map(([name, versions]) => ({ name, versions: versionsOf([...versions.values()]) }));
  return all.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
}

function versionsOf(logged: FileRow[][]): Version[] {
  const inOrder = logged.sort(([a], [b]) => (a?.time ?? 0) - (b?.time ?? 0) || (a?.step ?? 0) - (b?.step ?? 0));
  const seen = new Map<string, string>();
  return inOrder.map((files, index) => {
    const label = `v${index}`;
    // Files of artifacts are named by their content.
    const content = files.map((file) => `${file.fileName} ${file.caption} ${file.size}`).sort().join("\n");
    const sameAs = seen.get(content) ?? null;
    if (sameAs === null) seen.set(content, label);
    const [first] = files as [FileRow];
    return { label, step: first.step, time: first.time, ...factsOf(files), files, size: files.reduce((sum, file) => sum + file.size, 0), sameAs };
  });
}

function factsOf(files: readonly FileRow[]): Pick<Version, "type" | "aliases" | "digest"> {
  const facts = files.map((file) => asObject(asObject(file.annotations).artifact)).find((each) => Object.keys(each).length) ?? {};
  const { aliases, digest } = asObject(asObject(facts.metadata).wandb);
  return {
    type: typeof facts.type === "string" ? facts.type : null,
    aliases: Array.isArray(aliases) ? aliases.map(String) : [],
    digest: typeof digest === "string" ? digest : null,
  };
}

/** The runs that used a version of an artifact, each once; artifacts are logged as `artifacts/<name>`. */
export function usersOf(name: string, { digest }: Version, lineage: Lineage): LineageRun[] {
  const uses = lineage.usedBy.filter((use) => use.digest === digest && name.endsWith(`/${use.artifact.split(":")[0]}`));
  return [...new Map(uses.flatMap(({ run }) => (run ? [[run.id, run] as const] : []))).values()];
}
