// The one field that filters the runs, wherever they are listed.

import { runFilter } from "../state/view";
import { filterProblem } from "./filter";

export function FilterField() {
  const problem = filterProblem(runFilter.value);
  return (
    <input
      type="search"
      class={`search ${problem ? "wrong" : ""}`}
      data-search="rail"
      placeholder="Filter: text tag:v2 loss<1"
      title={problem || "Words, tag:…, status:…, loss<0.3, min.loss<0.2, config.lr>=1e-3, /regex/, a minus in front to leave out; or a JSON filter: {\"config.lr\":{\"$gt\":0.1}}"}
      aria-label="Filter runs"
      aria-invalid={problem !== ""}
      value={runFilter.value}
      onInput={(event) => runFilter.set(event.currentTarget.value)}
    />
  );
}
