// Where the focus goes when something opens over the page, and when it closes.

import { useEffect } from "preact/hooks";
import type { RefObject } from "preact";

/** Takes the focus into a box while it is there; afterwards it goes to `next`, unless it is somewhere by then. */
export function useFocusWithin(box: RefObject<HTMLElement>, next: () => HTMLElement | null): void {
  useEffect(() => {
    box.current?.focus({ preventScroll: true });
    return () => {
      // What the box stood for is drawn again a moment later.
      setTimeout(() => document.activeElement === document.body && next()?.focus({ preventScroll: true }));
    };
  }, []);
}
