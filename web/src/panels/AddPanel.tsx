// Begins a panel of one's own.

import { Popover } from "../parts/Popover";
import { editNew } from "../state/panels";
import { KINDS, type Kind } from "./model";

export function AddPanel() {
  return (
    <Popover label="Add a panel of your own" button="+ Panel" text>
      {Object.entries(KINDS).map(([kind, label]) => (
        <button type="button" key={kind} data-closes onClick={() => editNew(kind as Kind)}>
          {label}
        </button>
      ))}
    </Popover>
  );
}
