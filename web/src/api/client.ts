// One function an endpoint of the dashboard API.

import { decodeSeries } from "./frames";
import { getJson, postBinary, postChange, postJson } from "./http";
import type {
  AlertsOfRun,
  ConsoleLine,
  DataPoint,
  DeletedRun,
  FileRow,
  FoundInRun,
  Lineage,
  Piece,
  Project,
  Run,
  RunAnswer,
  Saved,
  SavedChange,
  Series,
  SeriesRequest,
  Session,
  Story,
  Summaries,
} from "./types";

const ROOT = "/api/ui";

function withQuery(path: string, values: Record<string, string | number | null | undefined>): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) {
    if (value !== null && value !== undefined && value !== "") query.set(key, String(value));
  }
  const text = query.toString();
  return `${ROOT}${path}${text ? `?${text}` : ""}`;
}

export function fetchSession(): Promise<Session> {
  return getJson(`${ROOT}/session`);
}

/** Of a list that the server may still be filling: so many runs it has to read yet. */
export interface Filling {
  unread?: number;
}

export function fetchProjects(): Promise<Filling & { projects: Project[] }> {
  return getJson(`${ROOT}/projects`);
}

export function fetchRuns(project: string): Promise<Filling & { version: number; runs: Run[] }> {
  return getJson(withQuery("/runs", { project }));
}

export function fetchRun(id: number): Promise<RunAnswer> {
  return getJson(`${ROOT}/runs/${id}`);
}

export async function fetchSeries(request: SeriesRequest): Promise<Series[]> {
  return decodeSeries(await postBinary(`${ROOT}/series`, request));
}

export interface ConsolePage {
  lines: ConsoleLine[];
  more: boolean;
  total: number;
}

export function fetchConsole(
  id: number,
  page: { after?: number; limit?: number; last?: number; search?: string },
  signal?: AbortSignal,
): Promise<ConsolePage> {
  return getJson(withQuery(`/runs/${id}/console`, page), signal);
}

/** Logged steps, ascending, and the time of each in ms since 1970. */
export interface StepTimes {
  steps: number[];
  times: number[];
}

/** When a metric was logged, at most `limit` of its points at a fixed stride; of all steps, or of those in a span. */
export async function fetchStepTimes(
  run: { id: number; project: string },
  name: string,
  limit: number,
  span: readonly [number, number] | null = null,
): Promise<StepTimes> {
  const query = new URLSearchParams({ runId: String(run.id), projectName: run.project, logName: name, limit: String(limit) });
  span?.forEach((step, index) => query.set(index ? "stepMax" : "stepMin", String(step)));
  const { metrics } = await getJson<{ metrics: { step: number; time: string }[] }>(`/api/runs/metrics?${query}`);
  // The times are UTC and do not say so.
  return { steps: metrics.map(({ step }) => step), times: metrics.map(({ time }) => Date.parse(`${time.replace(" ", "T")}Z`)) };
}

export async function fetchFiles(id: number, name?: string): Promise<FileRow[]> {
  return (await getJson<{ files: FileRow[] }>(withQuery(`/runs/${id}/files`, { name }))).files;
}

export async function fetchData(
  id: number,
  name: string,
  options: { step?: number; limit?: number } = {},
): Promise<DataPoint[]> {
  const path = withQuery(`/runs/${id}/data`, { name, ...options });
  return (await getJson<{ points: DataPoint[] }>(path)).points;
}

/** Last, best and mean values of some metrics in all runs of a project. */
export function fetchSummaries(project: string, names: readonly string[]): Promise<Summaries> {
  return postJson(`${ROOT}/summaries`, { project, names });
}

export function fetchSaved(project: string): Promise<Saved> {
  return getJson(withQuery("/saved", { project }));
}

/** Keeps or forgets one view or panel; refused with 412 where somebody else changed it meanwhile. */
export function saveItem(project: string, change: SavedChange): Promise<Saved> {
  return postChange(`${ROOT}/saved`, { project, ...change });
}

export function fetchStory(id: number): Promise<Story> {
  return getJson(`${ROOT}/runs/${id}/story`);
}

export function fetchLineage(id: number): Promise<Lineage> {
  return getJson(`${ROOT}/runs/${id}/lineage`);
}

export function fetchGraph(id: number): Promise<{ graph: unknown }> {
  return getJson(`${ROOT}/runs/${id}/graph`);
}

export function saveTags(id: number, tags: string[]): Promise<unknown> {
  return postChange(`${ROOT}/runs/${id}/tags`, { tags });
}

export interface Changed {
  done: number[];
  refused: { run: number; reason: string }[];
}

/** Adds tags to runs and takes others away. */
export function changeTags(runs: readonly number[], add: readonly string[], remove: readonly string[]): Promise<Changed> {
  return postChange(`${ROOT}/runs/tags`, { runs, add, remove });
}

/** Puts runs into the trash, from which `restoreRuns` takes them back. */
export function deleteRuns(runs: readonly number[]): Promise<Changed> {
  return postChange(`${ROOT}/runs/delete`, { runs });
}

export function restoreRuns(runs: readonly number[]): Promise<Changed> {
  return postChange(`${ROOT}/runs/restore`, { runs });
}

/** Removes deleted runs for good. */
export function discardRuns(runs: readonly number[]): Promise<Changed> {
  return postChange(`${ROOT}/runs/discard`, { runs });
}

/** The deleted runs of a project that can be taken back, the last deleted first; of very many the last ones. */
export function fetchDeleted(project: string): Promise<{ runs: DeletedRun[]; total: number }> {
  return getJson(withQuery("/deleted", { project }));
}

export function saveNotes(id: number, notes: string): Promise<unknown> {
  return postChange(`${ROOT}/runs/${id}/notes`, { notes });
}

export function cancelRun(id: number): Promise<unknown> {
  return postChange(`${ROOT}/runs/${id}/cancel`, {});
}

/** Looks for a text in the consoles of runs, for a second or so. */
export function searchConsoles(runs: readonly number[], text: string, signal: AbortSignal): Promise<Piece<FoundInRun>> {
  return postJson(`${ROOT}/console-search`, { runs, text }, signal);
}

/** The newest alerts of each of the runs. */
export function fetchAlerts(runs: readonly number[], signal: AbortSignal): Promise<Piece<AlertsOfRun>> {
  return postJson(`${ROOT}/alerts`, { runs }, signal);
}

export function liveUrl(runs: readonly number[]): string {
  return withQuery("/live", { runs: runs.join(",") });
}
