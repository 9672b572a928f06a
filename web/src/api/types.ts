// The shapes of the dashboard API (`/api/ui/`), as the embedded server sends them.

export type Status = "RUNNING" | "COMPLETED" | "FAILED" | "TERMINATED" | "CANCELLED";

/** A last value; JSON has no NaN or infinities, so those travel as words. */
export type Scalar = number | "NaN" | "Infinity" | "-Infinity";

export interface Project {
  name: string;
  runs: number;
  running: number;
  updatedAt: number;
}

/** One row of the runs list; times are milliseconds since 1970. */
export interface Run {
  id: number;
  displayId: string;
  name: string;
  project: string;
  status: Status;
  cause: string | null;
  tags: string[];
  notes: string | null;
  createdAt: number;
  updatedAt: number;
  durationMs: number;
  /** Flat: nested keys are joined by dots. */
  config: Record<string, unknown>;
  /** Last value of at most 200 metrics. */
  summary: Record<string, Scalar>;
  metricCount: number;
}

/** Columns by metric, a value a run in the order of `runs`. */
export interface Summaries {
  runs: number[];
  metrics: Record<string, Record<"last" | "min" | "max" | "mean" | "minStep" | "maxStep", (Scalar | null)[]>>;
}

/** A run that was deleted and can be taken back. */
export interface DeletedRun {
  id: number;
  name: string;
  displayId: string | null;
  status: Status;
  deletedAt: number;
}

/** Views and panels by name. */
export interface Kept<T> {
  view: Record<string, T>;
  panel: Record<string, T>;
}

/** What is kept of a project; the mark of an item changes with it. */
export interface Saved extends Kept<unknown> {
  marks: Kept<string>;
}

/** One item to keep; null forgets it. */
export interface SavedChange {
  kind: keyof Kept<unknown>;
  name: string;
  value: unknown;
  /** The mark of the item that was changed, empty for none; and the new one. */
  was: string;
  mark: string;
}

export interface StatusChange {
  from: string | null;
  to: string;
  source: string;
  metadata?: unknown;
  createdAt: number | string;
}

export interface RunDetail extends Omit<Run, "config"> {
  config: unknown;
  externalId: string | null;
  statusMetadata: unknown;
  statusHistory: StatusChange[];
  systemMetadata: unknown;
  loggerSettings: unknown;
  url: string | null;
  /** Sends a run of this disk that ended and that no server has the whole of. */
  syncCommand: string | null;
  /** So many rows a server lacks that has the run in part. */
  unsent: number;
}

export interface NameInfo {
  name: string;
  type: string;
  count: number;
  firstStep: number | null;
  lastStep: number | null;
  last: Scalar | null;
  min: Scalar | null;
  max: Scalar | null;
  mean: Scalar | null;
}

export interface RunAnswer {
  run: RunDetail;
  names: NameInfo[];
  version: number;
}

export interface ConsoleLine {
  id: number;
  n: number;
  time: number;
  type: string;
  text: string;
}

export interface FileRow {
  name: string;
  type: string;
  fileName: string;
  fileType: string;
  mime: string | null;
  size: number;
  step: number;
  time: number;
  caption: string | null;
  sampleIndex: number | null;
  annotations: unknown;
  url: string;
}

export interface DataPoint {
  step: number;
  time: number;
  type: string;
  data: unknown;
}

export interface Alert {
  time: number;
  level: string;
  title: string;
  body: string;
  url: string | null;
}

/** What was found in the first `searched` of many runs: after a second the server answers, and is asked for the others. */
export interface Piece<F> {
  searched: number;
  found: F[];
  unreadable: number[];
}

export interface FoundInRun {
  run: number;
  lines: ConsoleLine[];
  more: boolean;
}

export interface AlertsOfRun {
  run: number;
  alerts: Alert[];
  more: boolean;
}

export interface Relative extends LineageRun {
  /** The last step that parent and fork share. */
  step: number;
}

/** Alerts newest first; ancestors from the parent on. */
export interface Story {
  alerts: Alert[];
  ancestors: Relative[];
  forks: Relative[];
}

export interface LineageRun {
  id: number;
  name: string;
  project: string;
  status: Status;
}

/** One use of an artifact, such as `digits:v1`; the run is null where the one that made it is not here. */
export interface Use {
  artifact: string;
  digest: string;
  run: LineageRun | null;
}

/** What a run took, and what others took from it. */
export interface Lineage {
  uses: Use[];
  usedBy: Use[];
  /** So many runs of other projects are still to be read. */
  unread: number;
}

export interface Session {
  mode: "ui" | "server";
  user: string | null;
  version: string;
  /** Whose runs are shown; null where runs are sent to the server. */
  directory: string | null;
  snippet: string;
}

export interface Tick {
  catalog: number;
  runs: Record<string, { version: number; status: Status }>;
}

export type XKind = "step" | "time" | "relative";

export interface SeriesRequest {
  runs: number[];
  names: string[];
  x: XKind;
  lo: number | null;
  hi: number | null;
  buckets: number;
  since: Record<string, number> | null;
}

/** The buckets of one metric of one run: five columns of the same length. */
export interface Series {
  run: number;
  name: string;
  version: number;
  downsampled: boolean;
  x: Float64Array;
  min: Float64Array;
  max: Float64Array;
  mean: Float64Array;
  flags: Float64Array;
}

/** Bits of a bucket's flags: what it held besides finite numbers. */
export const FLAG_NAN = 1;
export const FLAG_POSITIVE = 2;
export const FLAG_NEGATIVE = 4;
