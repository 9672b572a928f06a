// The way to another run, with its status.

import type { LineageRun } from "../api/types";
import { StatusSign } from "../runs/Status";
import { followLink, hrefFor, place } from "../state/route";

export function RunLink({ run: { id, name, project, status } }: { run: LineageRun }) {
  return (
    <a class="link" href={hrefFor({ project, run: id })} onClick={followLink}>
      <StatusSign status={status} /> {project !== place.value.project && `${project} / `}
      {name}
    </a>
  );
}
