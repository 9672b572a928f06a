// What components share: being in sight, their size, and rows that exist only while in sight.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { RefObject } from "preact";

/** Whether the element is in sight or nearly, that is at most `margin` pixels away. */
export function useInSight<T extends Element>(margin = 200): [RefObject<T>, boolean] {
  const ref = useRef<T>(null);
  const [inSight, setInSight] = useState(false);
  // The observer answers a frame later; what is in sight at once should fetch at once.
  useLayoutEffect(() => {
    const { top, bottom } = (ref.current as T).getBoundingClientRect();
    if (bottom > -margin && top < innerHeight + margin) setInSight(true);
  }, [margin]);
  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => setInSight(entries[entries.length - 1]?.isIntersecting ?? false),
      { rootMargin: `${margin}px` },
    );
    observer.observe(ref.current as T);
    return () => observer.disconnect();
  }, [margin]);
  return [ref, inSight];
}

export interface Size {
  width: number;
  height: number;
}

/** The element's size in whole CSS pixels; zero until it is laid out. */
export function useSize<T extends Element>(): [RefObject<T>, Size] {
  const ref = useRef<T>(null);
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = ref.current as T;
    const look = () => {
      const { clientWidth: width, clientHeight: height } = element;
      setSize((old) => (old.width === width && old.height === height ? old : { width, height }));
    };
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, size];
}

export interface Rows {
  /** Goes to the element that scrolls. */
  scroller: RefObject<HTMLDivElement>;
  onScroll(): void;
  from: number;
  to: number;
  /** Heights of what is left out, in pixels. */
  above: number;
  below: number;
  scrollTo(index: number): void;
}

const SPARE = 12;

/** Virtual rows of one fixed height. */
export function useRows(count: number, height: number, header = 0): Rows {
  const scroller = useRef<HTMLDivElement>(null);
  const [sight, setSight] = useState({ top: 0, height: 800 });
  const look = () => {
    const box = scroller.current;
    if (box) setSight({ top: box.scrollTop, height: box.clientHeight });
  };
  useEffect(() => {
    const observer = new ResizeObserver(look);
    observer.observe(scroller.current as HTMLDivElement);
    return () => observer.disconnect();
  }, []);
  const from = Math.max(0, Math.min(Math.floor(sight.top / height) - SPARE, count - 1));
  const to = Math.min(count, Math.ceil((sight.top + sight.height) / height) + SPARE);
  const scrollTo = (index: number) => {
    const box = scroller.current;
    if (!box) return;
    const top = index * height;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + height + header > box.scrollTop + box.clientHeight) box.scrollTop = top + height + header - box.clientHeight;
  };
  return { scroller, onScroll: look, from, to, above: from * height, below: Math.max(0, count - to) * height, scrollTo };
}
