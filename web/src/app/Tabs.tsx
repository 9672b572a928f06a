// Tabs whose choice is in the URL.

import type { ComponentChildren } from "preact";
import { tab } from "../state/view";

interface Props {
  tabs: readonly (readonly [id: string, label: string, count?: number | undefined])[];
  current: string;
  /** What stands at the end of the line. */
  children?: ComponentChildren;
}

export function Tabs({ tabs, current, children }: Props) {
  return (
    <nav class="tabs" aria-label="Views">
      {tabs.map(([id, label, count]) => (
        <button
          type="button"
          key={id}
          aria-current={id === current ? "page" : undefined}
          data-testid={`tab-${id}`}
          onClick={() => tab.set(id)}
        >
          {label}
          {count !== undefined && count > 0 && <span class="muted number"> {count}</span>}
        </button>
      ))}
      {children && <span class="tabs-end">{children}</span>}
    </nav>
  );
}
