// Work on thousands of runs: in parts, so that none takes longer than a person waits for a sign of life.

import type { Changed } from "../api/client";
import { asApiError } from "../api/http";
import { formatCount } from "../format";
import { say } from "../state/toast";

const PART = 200;

/** Does it part by part and says how far it is. An error ends it: the runs not reached are refused with its message. */
export async function inParts(
  doing: string,
  runs: readonly number[],
  work: (part: readonly number[]) => Promise<Changed>,
): Promise<Changed> {
  const all: Changed = { done: [], refused: [] };
  for (let at = 0; at < runs.length; at += PART) {
    if (runs.length > PART) say(`${doing}: ${formatCount(at)} of ${formatCount(runs.length)} runs…`);
    try {
      const { done, refused } = await work(runs.slice(at, at + PART));
      all.done.push(...done);
      all.refused.push(...refused);
    } catch (error) {
      const reason = asApiError(error).message;
      all.refused.push(...runs.slice(at).map((run) => ({ run, reason })));
      break;
    }
  }
  return all;
}

/** What to say of runs that were left as they are; empty where there is none. */
export function leftAlone({ refused }: Changed): string {
  const first = refused[0];
  return first ? ` ${formatCount(refused.length)} ${refused.length === 1 ? "stays" : "stay"} as before: ${first.reason}` : "";
}
