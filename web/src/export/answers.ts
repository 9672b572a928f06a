// Answers the dashboard's requests from the exported data, as the server would have.

import type { ConsoleLine, DataPoint, FileRow, Run, RunAnswer, SeriesRequest, Story } from "../api/types";
import { valueOf } from "./chunks";
import { seriesAnswer, stepsWithTimes, type Found, type StoredSeries } from "./series";

/** Stands in for `fetch`. */
export async function answer(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const url = new URL(String(input), "http://exported");
  const path = url.pathname.replace(/^\/api\/ui\//, "");
  const text = await valueOf(`text/${String(input)}`);
  if (typeof text === "string") return new Response(text);
  const body = typeof init?.body === "string" ? (JSON.parse(init.body) as unknown) : null;
  if (path === "series") return new Response(await series(body as SeriesRequest));
  const value = body === null ? await readOne(path, url.searchParams) : await asked(path, body);
  return value === undefined ? refusal(path) : new Response(JSON.stringify(value));
}

function refusal(path: string): Response {
  const words = /\/(tags|notes|cancel)$|^saved$/.test(path)
    ? "This is an exported page: nothing can be changed here. Change the run where it was exported from."
    : "This was not exported: open the dashboard of the run for it.";
  return new Response(JSON.stringify({ error: words }), { status: 409 });
}

/** Requests with a body that only read. */
async function asked(path: string, body: unknown): Promise<unknown> {
  if (path === "summaries") return { runs: [], metrics: {} };
  if (path === "alerts") return alertsOf(body as { runs: number[] });
  return path === "console-search" ? searched(body as { runs: number[]; text: string }) : undefined;
}

/** Lines of a run that are found at once, as by the server. */
const FOUND_LINES = 20;

async function searched({ runs, text }: { runs: number[]; text: string }): Promise<unknown> {
  const wanted = text.toLowerCase();
  const found = await Promise.all(
    runs.map(async (run) => {
      const all = ((await valueOf(`runs/${run}/console`)) ?? []) as ConsoleLine[];
      const lines = all.filter((line) => line.text.toLowerCase().includes(wanted));
      return { run, lines: lines.slice(-FOUND_LINES), more: lines.length > FOUND_LINES };
    }),
  );
  return { searched: runs.length, found: found.filter(({ lines }) => lines.length > 0), unreadable: [] };
}

async function alertsOf({ runs }: { runs: number[] }): Promise<unknown> {
  const found = await Promise.all(
    runs.map(async (run) => {
      const story = (await valueOf(`runs/${run}/story`)) as Story | undefined;
      return { run, alerts: story?.alerts ?? [], more: false };
    }),
  );
  return { searched: runs.length, found: found.filter(({ alerts }) => alerts.length > 0), unreadable: [] };
}

async function readOne(path: string, query: URLSearchParams): Promise<unknown> {
  if (path === "/api/runs/metrics") return stepTimes(query);
  if (path === "saved") return { view: {}, panel: {}, marks: { view: {}, panel: {} } };
  if (path === "runs") return listed((await valueOf(path)) as { version: number; runs: Run[] }, query.get("project"));
  const [runs, id, part] = path.split("/");
  if (runs !== "runs" || part === undefined) return valueOf(path);
  const value = await valueOf(`runs/${id}/${part}`);
  if (value === undefined) return undefined;
  if (part === "files") return { files: named(value as FileRow[], query.get("name")) };
  if (part === "data") return { points: points(value as Record<string, DataPoint[]>, query) };
  if (part === "console") return page(value as ConsoleLine[], query);
  return value;
}

/** Steps and times of a metric, which belong together in their order where every point was exported. */
async function stepTimes(query: URLSearchParams): Promise<unknown> {
  const stored = (await valueOf(`series/${query.get("runId")}/${query.get("logName")}`)) as StoredSeries | undefined;
  return stored && !stored.downsampled ? { metrics: stepsWithTimes(stored) } : undefined;
}

function listed({ version, runs }: { version: number; runs: Run[] }, project: string | null) {
  return { version, runs: runs.filter((run) => project === null || run.project === project) };
}

function named(files: readonly FileRow[], name: string | null): FileRow[] {
  return files.filter((file) => name === null || file.name === name);
}

function points(all: Record<string, DataPoint[]>, query: URLSearchParams): DataPoint[] {
  const step = query.get("step");
  const own = all[query.get("name") ?? ""] ?? [];
  return own.filter((point) => step === null || point.step === Number(step));
}

function page(all: readonly ConsoleLine[], query: URLSearchParams) {
  const number = (key: string) => (query.has(key) ? Number(query.get(key)) : null);
  const search = (query.get("search") ?? "").toLowerCase();
  const [after, before, last] = [number("after") ?? 0, number("before") ?? Infinity, number("last")];
  const found = all.filter((line) => line.id > after && line.id < before && line.text.toLowerCase().includes(search));
  const limit = last ?? number("limit") ?? 1000;
  const fromEnd = last !== null || query.has("before");
  const lines = fromEnd ? found.slice(-limit) : found.slice(0, limit);
  return { lines, more: found.length > limit, total: all.length };
}

async function series(request: SeriesRequest): Promise<ArrayBuffer> {
  const wanted = request.runs.flatMap((run) => request.names.map((name) => [run, name] as const));
  const found = await Promise.all(
    wanted.map(async ([run, name]): Promise<Found[]> => {
      const stored = (await valueOf(`series/${run}/${name}`)) as StoredSeries | undefined;
      if (!stored) return [];
      const { run: details } = (await valueOf(`runs/${run}`)) as RunAnswer;
      return [{ run, name, start: details.createdAt, stored }];
    }),
  );
  return seriesAnswer(found.flat(), request);
}
