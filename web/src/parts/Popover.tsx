// A button that opens a small panel; a click elsewhere, Escape, a second click, or one on what has
// `data-closes` closes it.

import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** Fixed to the window, so that no scrolling parent cuts it off. */
type Place = Partial<Record<"top" | "bottom" | "left" | "right" | "maxHeight", string>>;

/** Below the button, or above it where there is more room. */
function placeAt(button: HTMLElement): Place {
  const { left, right, top, bottom } = button.getBoundingClientRect();
  const below = innerHeight - bottom;
  const side = left < innerWidth / 2 ? { left: `${left}px` } : { right: `${innerWidth - right}px` };
  const under = below >= Math.min(top, 360);
  const maxHeight = `${(under ? below : top) - 12}px`;
  return { ...side, ...(under ? { top: `${bottom + 4}px` } : { bottom: `${innerHeight - top + 4}px` }), maxHeight };
}

interface Props {
  label: string;
  button: ComponentChildren;
  children: ComponentChildren;
  wide?: boolean;
  text?: boolean;
  onClose?: () => void;
}

export function Popover({ label, button, children, wide = false, text = false, onClose }: Props) {
  const [place, setPlace] = useState<Place | null>(null);
  const root = useRef<HTMLDivElement>(null);
  const open = place !== null;
  const toggle = () => setPlace(open ? null : placeAt(root.current as HTMLElement));
  useDismiss(root, open, () => setPlace(null), onClose);
  return (
    <div class="popover" ref={root}>
      <button
        type="button"
        class={text ? "button" : "icon"}
        aria-label={label}
        aria-expanded={open}
        title={label}
        onClick={toggle}
      >
        {button}
      </button>
      {place && (
        <div
          class={`popover-panel ${wide ? "wide" : ""}`}
          style={place}
          onClick={(event) => (event.target as Element).closest("[data-closes]") && setPlace(null)}
        >
          {children}
        </div>
      )}
    </div>
  );
}

/** While open: a press elsewhere or Escape closes; `closed` hears of it however it came. */
function useDismiss(root: RefObject<HTMLElement>, open: boolean, close: () => void, closed?: () => void): void {
  useEffect(() => {
    if (!open) return;
    const outside = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) close();
    };
    const escape = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      close();
      root.current?.querySelector("button")?.focus();
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("keydown", escape, true);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("keydown", escape, true);
      closed?.();
    };
  }, [open]);
}
