// Images, sound, video, text and documents by step: one slider for all, one column a run.

import { useEffect, useState } from "preact/hooks";
import { fetchFiles } from "../api/client";
import { asApiError, type ApiError } from "../api/http";
import type { FileRow, Run } from "../api/types";
import { Empty, ErrorPanel, Skeleton } from "../parts/states";
import { atStep, stepFor, steps } from "../run/steps";
import { StepSlider } from "../run/StepSlider";
import { SearchField } from "../parts/SearchField";
import { textMatcher } from "../runs/filter";
import { moment } from "../state/moment";
import { chartFilter, mediaStep } from "../state/view";
import "../style/media.css";
import { Group } from "./Group";
import { kindOf } from "./kinds";

/** Columns made at once: more stand too narrow to be compared. */
const MOST_RUNS = 8;

export interface RunFiles {
  run: Pick<Run, "id" | "name" | "createdAt">;
  files: FileRow[];
}

/** `news` changes when there may be more files than before. */
export function MediaBoard({ runs, news }: { runs: readonly RunFiles["run"][]; news: string }) {
  const shown = runs.slice(0, MOST_RUNS);
  const { data, error, retry } = useFiles(shown, news);
  if (error && !data) return <ErrorPanel error={error} retry={retry} title="The media could not be listed" />;
  if (!data) return <Skeleton label="Loading media" />;
  const media = data.map(({ run, files }) => ({ run, files: files.filter((file) => kindOf(file) || file.fileType === "mask") }));
  const visible = media.flatMap(({ files }) => files).filter((file) => kindOf(file));
  if (!visible.length) return <NoMedia several={runs.length > 1} />;
  const all = steps(visible);
  const pinned = moment.value?.step ?? null;
  const step = stepFor(all, mediaStep.value ?? pinned);
  const matches = textMatcher(chartFilter.value.trim());
  const names = namesOf(visible);
  const found = names.filter((name) => matches(name));
  return (
    <div class="media-page" data-testid="media">
      <div class="media-bar">
        <StepSlider steps={all} step={step} set={(next) => mediaStep.set(next ?? (pinned === null ? null : Infinity))} />
        {names.length > 4 && <NameFilter />}
        {runs.length > shown.length && <span class="muted">the first {shown.length} of {runs.length} runs</span>}
      </div>
      {error && <p class="stale" role="status">Not up to date: {error.message}</p>}
      {found.length === 0 && <p class="muted">No media match “{chartFilter.value}”.</p>}
      {found.map((name) => (
        <Group key={name} name={name} columns={columnsAt(media, name, step)} named={shown.length > 1} />
      ))}
    </div>
  );
}

const ORDER = ["image", "video", "audio", "text", "json", "html"];

/** Names as they are looked for: pictures before documents, then by the alphabet. */
function namesOf(files: readonly FileRow[]): string[] {
  const ranks = new Map(files.map((file) => [file.name, ORDER.indexOf(kindOf(file) ?? "")]));
  const rank = (name: string) => ranks.get(name) as number;
  return [...ranks.keys()].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b, undefined, { numeric: true }));
}

function NameFilter() {
  return (
    <SearchField main label="Filter media by name" placeholder="Filter by name  /" value={chartFilter.value} set={chartFilter.set} />
  );
}

/** What each run shows under a name: the latest step not after the chosen one. */
function columnsAt(media: readonly RunFiles[], name: string, step: number): RunFiles[] {
  return media.map(({ run, files }) => {
    const own = files.filter((file) => file.name === name);
    return { run, files: atStep(own, step) };
  });
}

function NoMedia({ several }: { several: boolean }) {
  return (
    <Empty title={several ? "No media in the runs that are shown" : "No images, sound, video or text"}>
      <p>
        Log some with <code>run.log({"{"}"samples": pluto.Image(array){"}"})</code>
        {several ? ", or show other runs with the eye beside their names." : "."}
      </p>
    </Empty>
  );
}

interface Held {
  data: RunFiles[] | null;
  error: ApiError | null;
}

function useFiles(runs: readonly RunFiles["run"][], news: string): Held & { retry(): void } {
  const [held, setHeld] = useState<Held>({ data: null, error: null });
  const [turn, setTurn] = useState(0);
  const wanted = runs.map(({ id }) => id).join();
  useEffect(() => {
    let current = true;
    const fetched = runs.map(async (run) => ({ run, files: await fetchFiles(run.id) }));
    Promise.all(fetched).then(
      (data) => current && setHeld({ data, error: null }),
      (error: unknown) => current && setHeld((old) => ({ ...old, error: asApiError(error) })),
    );
    return () => {
      current = false;
    };
  }, [wanted, news, turn]);
  const same = held.data?.map(({ run }) => run.id).join() === wanted;
  return { data: same ? held.data : null, error: held.error, retry: () => setTurn(turn + 1) };
}
