// Reads what a run's metadata says about its machine, code and command, whoever wrote it.

import type { StatusChange } from "../api/types";

type Json = Record<string, unknown>;

export function asObject(value: unknown): Json {
  if (typeof value === "string") {
    try {
      return asObject(JSON.parse(value));
    } catch {
      return {}; // text that is not JSON holds no keys
    }
  }
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

/** Nested objects as one level of dotted keys; arrays stay values. */
export function flatten(value: unknown, prefix = ""): [string, unknown][] {
  return Object.entries(asObject(value)).flatMap(([key, inner]) => {
    const path = prefix ? `${prefix}.${key}` : key;
    const nested = typeof inner === "object" && inner !== null && !Array.isArray(inner);
    return nested && Object.keys(inner).length ? flatten(inner, path) : [[path, inner] as [string, unknown]];
  });
}

/** The first value whose dotted path ends with one of the wanted names, in the order of the names. */
export function find(metadata: readonly [string, unknown][], names: readonly string[]): string | null {
  for (const name of names) {
    const hit = metadata.find(
      ([path, value]) => (path === name || path.endsWith(`.${name}`)) && value !== null && value !== "",
    );
    if (hit) return Array.isArray(hit[1]) ? hit[1].join(" ") : String(hit[1]);
  }
  return null;
}

export interface Facts {
  host: string | null;
  command: string | null;
  commit: string | null;
  python: string | null;
  user: string | null;
}

export function factsOf(systemMetadata: unknown): Facts {
  const flat = flatten(systemMetadata);
  return {
    host: find(flat, ["hostname", "host", "node"]),
    command: find(flat, ["command", "cmdline", "argv", "program"]),
    commit: find(flat, ["git.commit", "commit", "git.sha", "sha"])?.slice(0, 10) ?? null,
    python: find(flat, ["python.version", "python"]),
    user: find(flat, ["username", "user"]),
  };
}

export interface Git {
  facts: [string, unknown][];
  /** What was changed since the commit, and since what had been pushed. */
  diffs: { since: string; text: string }[];
}

/** What the client wrote down of the repository; null outside one. */
export function gitOf(systemMetadata: unknown): Git | null {
  const git = asObject(asObject(systemMetadata).git);
  if (!Object.keys(git).length) return null;
  const { diff, ...rest } = git;
  const { head, remote } = asObject(diff);
  const all = [
    { since: "the commit", text: head },
    { since: "the last push", text: remote },
  ];
  const diffs = all.filter((one): one is Git["diffs"][number] => typeof one.text === "string" && one.text !== "");
  return { facts: flatten(rest).filter(([, value]) => value !== null), diffs };
}

/** The metadata without what has a page or a list of its own: the changes of the code, other nodes. */
export function machineOf(systemMetadata: unknown): [string, unknown][] {
  return flatten(systemMetadata).filter(([path]) => !path.startsWith("git.diff") && !path.startsWith("nodes."));
}

/** Why a run ended: what the server saw, and what the client said of it. */
export function causeOf({ cause, statusMetadata }: { cause: string | null; statusMetadata: unknown }): string | null {
  const reported = reportedCause(statusMetadata);
  // The list has the first line of what was reported.
  const said = [reported?.startsWith(cause ?? "") ? null : cause, reported];
  return said.filter((text) => text !== null).join(": ") || null;
}

export interface Evidence {
  /** Milliseconds since 1970. */
  lastSign: number | null;
  host: string | null;
  lastLines: string[];
  trace: string | null;
}

/** What the client wrote down about a process that died, or about its exception. */
export function evidenceOf(statusMetadata: unknown): Evidence {
  const { lastSign, host, lastLines, trace } = asObject(statusMetadata);
  const time = typeof lastSign === "string" ? Date.parse(lastSign) : NaN;
  return {
    lastSign: Number.isNaN(time) ? null : time,
    host: typeof host === "string" ? host : null,
    lastLines: Array.isArray(lastLines) ? lastLines.map(String) : [],
    trace: typeof trace === "string" && trace !== "" ? trace : null,
  };
}

/** What the client reported with the status. */
export function reportedCause(statusMetadata: unknown): string | null {
  const flat = flatten(statusMetadata);
  const what = find(flat, ["cause", "message", "error", "reason"]);
  const code = find(flat, ["code"]);
  const kind = find(flat, ["signal"]) ?? (code === null ? find(flat, ["exception", "type"]) : `exit code ${code}`);
  return [kind, what].filter(Boolean).join(": ") || null;
}

/** How often a run went on after it had begun. */
export function restartsOf(changes: readonly Pick<StatusChange, "to">[]): number {
  return Math.max(0, changes.filter(({ to }) => to === "RUNNING").length - 1);
}

/** Steps or epochs that a run means to do, by the usual names in its config. */
const GOALS = ["max_steps", "total_steps", "num_steps", "n_steps", "train_steps", "num_train_steps", "steps"];

/** Milliseconds left, when the config says how many steps there will be; null when nobody knows. */
export function timeLeft(config: unknown, lastStep: number | null, durationMs: number): number | null {
  const flat = flatten(config);
  const goal = Number(find(flat, GOALS));
  if (!lastStep || !Number.isFinite(goal) || goal <= lastStep) return null;
  return (durationMs / (lastStep + 1)) * (goal - lastStep - 1);
}
