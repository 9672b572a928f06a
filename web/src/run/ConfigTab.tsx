// The configuration of a run, flat and searchable, and as JSON to take away.

import type { RunAnswer } from "../api/types";
import { KeyValues } from "../parts/KeyValues";
import { CopyButton } from "../parts/states";
import { flatten } from "./meta";

export function ConfigTab({ answer: { run } }: { answer: RunAnswer }) {
  return (
    <div class="columns-page" data-testid="config">
      <div class="toolbar">
        <CopyButton text={JSON.stringify(run.config, null, 2)} label="Copy as JSON" />
      </div>
      <KeyValues title="Config" rows={flatten(run.config)} none="No config was given: pluto.init(config={…})." />
    </div>
  );
}
