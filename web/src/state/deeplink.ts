// The protocol's link to a run, `/o/<organization>/projects/<project>/<short id>`, turned into ours.

import { getJson } from "../api/http";

/** The address of the same run in this dashboard; null when the path is no such link. */
export async function ownAddress(pathname: string): Promise<string | null> {
  const match = /^\/o\/[^/]+\/projects\/([^/]+)(?:\/([^/]+))?\/?$/.exec(pathname);
  if (!match) return null;
  const [, project, short] = match;
  if (!short) return `/p/${project}`;
  try {
    const { runId } = await getJson<{ runId?: number }>(`/api/runs/${short}`);
    return runId === undefined ? `/p/${project}` : `/p/${project}/r/${runId}`;
  } catch {
    return `/p/${project}`; // this page then says what is wrong with the server
  }
}
