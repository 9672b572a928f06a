// The first page: the projects, or how to begin when there is none.

import { useEffect } from "preact/hooks";
import type { Project } from "../api/types";
import { formatAgo, formatCount, formatDate } from "../format";
import { Empty, ErrorPanel, Skeleton, Snippet } from "../parts/states";
import { Unread } from "../parts/Unread";
import { DeletedButton } from "../runs/DeletedRuns";
import { now, projects, session } from "../state/catalog";
import { unread } from "../state/filling";
import { followLink, hrefFor, place } from "../state/route";

export function Projects() {
  const { data, error } = projects.state.value;
  useOnlyProject(unread.value ? null : data);
  if (error && !data) return <ErrorPanel error={error} retry={() => void projects.reload()} title="The projects could not be loaded" />;
  if (!data) return <Skeleton label="Loading projects" />;
  if (!data.length) return unread.value ? <Skeleton label="Reading runs" /> : <FirstSteps />;
  return (
    <main class="projects">
      <h1>Projects</h1>
      <Unread />
      <table>
        <thead>
          <tr>
            <th>Project</th>
            <th class="right">Runs</th>
            <th>Running</th>
            <th>Last news</th>
          </tr>
        </thead>
        <tbody>
          {data.map((project) => (
            <Row key={project.name} project={project} />
          ))}
        </tbody>
      </table>
    </main>
  );
}

function Row({ project }: { project: Project }) {
  return (
    <tr data-testid={`project-${project.name}`}>
      <td>
        <a href={hrefFor({ project: project.name, run: null })} onClick={followLink}>
          {project.name}
        </a>
      </td>
      <td class="number right">{formatCount(project.runs)}</td>
      <td class="number">{project.running > 0 ? <span class="live on">● {project.running}</span> : <span class="muted">–</span>}</td>
      <td class="number muted" title={formatDate(project.updatedAt)}>
        {formatAgo(project.updatedAt, now.value)}
      </td>
    </tr>
  );
}

/** With one project there is nothing to choose; the link back to this page would be a loop otherwise. */
function useOnlyProject(list: readonly Project[] | null): void {
  const only = list?.length === 1 ? list[0]?.name : undefined;
  useEffect(() => {
    if (only === undefined) return;
    history.replaceState(null, "", hrefFor({ project: only, run: null }));
    place.value = { project: only, run: null };
  }, [only]);
}

/** What to paste when there is nothing to see yet. */
export function FirstSteps() {
  const { data } = session.state.value;
  const { project } = place.value;
  const others = projects.state.value.data?.filter(({ name }) => name !== project) ?? [];
  return (
    <main>
      <h1 class="unseen">First steps</h1>
      <Empty title={project === null ? "No runs yet" : `No runs in “${project}” yet`}>
        <p>Paste this into a script, run it, and its curves appear here by themselves.</p>
        {data?.directory && (
          <p class="watched">
            This page shows the runs below <code>{data.directory}</code>.
          </p>
        )}
        {data ? <Snippet code={snippetFor(data.snippet, project)} /> : <Skeleton rows={4} label="Loading the example" />}
        {project !== null && <DeletedButton text="Runs that were deleted here" link />}
        {project !== null && others.length > 0 && <Others list={others} />}
      </Empty>
    </main>
  );
}

/** The name in the address may be misspelt, or its runs deleted: these there are. */
function Others({ list }: { list: readonly Project[] }) {
  return (
    <p>
      Did you mean another project?{" "}
      {list.slice(0, MOST_OTHERS).map(({ name }) => (
        <a key={name} class="link other-project" href={hrefFor({ project: name, run: null })} onClick={followLink}>
          {name}
        </a>
      ))}
      {list.length > MOST_OTHERS && (
        <a href={hrefFor({ project: null, run: null })} onClick={followLink}>
          and {formatCount(list.length - MOST_OTHERS)} more
        </a>
      )}
    </p>
  );
}

const MOST_OTHERS = 8;

/** The example for the project that is looked at; a name in JSON is one in Python. */
function snippetFor(snippet: string, project: string | null): string {
  return project === null ? snippet : snippet.replace(/project="[^"]*"/, () => `project=${JSON.stringify(project)}`);
}
