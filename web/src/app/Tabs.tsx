// Tabs whose choice is in the URL.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { formatCount } from "../format";
import { tab } from "../state/view";

interface Props {
  tabs: readonly (readonly [id: string, label: string, count?: number | undefined])[];
  current: string;
  /** What stands at the end of the line. */
  children?: ComponentChildren;
}

export function Tabs({ tabs, current, children }: Props) {
  const line = useRef<HTMLElement>(null);
  useLayoutEffect(() => bringIntoSight(line.current as HTMLElement), [current]);
  return (
    <nav class="tabs" aria-label="Views" ref={line}>
      {tabs.map(([id, label, count]) => (
        <button
          type="button"
          key={id}
          aria-current={id === current ? "page" : undefined}
          data-testid={`tab-${id}`}
          onClick={() => tab.set(id)}
        >
          {label}
          {count !== undefined && count > 0 && <span class="muted number"> {formatCount(count)}</span>}
        </button>
      ))}
      {children && <span class="tabs-end">{children}</span>}
    </nav>
  );
}

/** On a phone the line is longer than the window: the current tab is in its middle, its neighbours beside it. */
function bringIntoSight(line: HTMLElement): void {
  const tab = line.querySelector("[aria-current]")?.getBoundingClientRect();
  const { left, width } = line.getBoundingClientRect();
  if (tab) line.scrollLeft += tab.left - left - (width - tab.width) / 2;
}
