// The colour of a run; a click offers others.

import type { Run } from "../api/types";
import { Popover } from "../parts/Popover";
import { chooseColor, colorOf, swatches } from "../state/colors";

export function Dot({ run }: { run: Run }) {
  return <span class="dot" style={{ "--dot": colorOf(run) }} aria-hidden="true" />;
}

export function Swatch({ run }: { run: Run }) {
  return (
    <Popover label={`Colour of ${run.name}`} button={<Dot run={run} />}>
      <div class="swatches">
        {swatches().map((color, index) => (
          <button
            type="button"
            key={color}
            class="swatch"
            style={{ "--dot": color }}
            aria-label={`Colour ${index + 1}`}
            onClick={() => chooseColor(run.id, index)}
          />
        ))}
      </div>
    </Popover>
  );
}
