// Whether anything of the page scrolls just now.

let last = -Infinity;

/** Milliseconds since a part of the page last scrolled. */
export function sinceScroll(): number {
  return performance.now() - last;
}

if (typeof document !== "undefined") {
  document.addEventListener("scroll", () => (last = performance.now()), { capture: true, passive: true });
}
