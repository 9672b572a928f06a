// The model's graph drawn: boxes that open, edges between them, and what is known of the part that was clicked.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { ComponentChildren, RefObject } from "preact";
import { formatCount } from "../format";
import { useSize, type Size } from "../parts/hooks";
import { centred, fitted, following, moved, nearer, overview, showing, type Camera } from "./camera";
import { Finder } from "./Finder";
import { allParts, FEW, flowOf, MOST, MOST_PAINTED, openedFor } from "./flow";
import { FlowBox } from "./FlowBox";
import { FlowCanvas } from "./FlowCanvas";
import { drawingOf, pathOf, topOf, type Drawing } from "./layout";
import { PartCard } from "./PartCard";
import type { Part } from "./tree";

interface Props {
  roots: readonly Part[];
  /** Whether the graph says where inputs come from; else parts follow each other in their order. */
  recorded: boolean;
  /** Says which paths are open at first. */
  start: () => ReadonlySet<string>;
  /** Of a graph that was logged, among other values: how many nodes and edges it has. The page then scrolls under the wheel. */
  nodes?: number;
  edges?: number;
}

/** Pixels that an arrow key moves, and the factor of the buttons. */
const STEP = 60;
const FACTOR = 1.3;

export function FlowView({ roots, recorded, start, nodes = 0, edges }: Props) {
  const logged = edges !== undefined;
  const [picked, pick] = useState<string | null>(null);
  const { drawing, refused, change, uncover } = useDrawing(roots, recorded, start);
  const paths = useMemo(() => allParts(roots).map(({ path }) => path), [roots]);
  const { pane, size, camera, setCamera, hold, go } = useCamera(drawing, logged);
  const toggle = (part: Part) => {
    pick(part.path);
    if (change(part)) hold(part.path);
  };
  const find = (path: string) => {
    uncover(path);
    pick(path);
    go(path);
  };
  const at = drawing.boxes.findIndex(({ part }) => part.path === picked);
  const shown = { drawing, camera, picked: at, toggle, pick };
  const drawn = drawing.boxes.length;
  return (
    <div class={`flow ${recorded ? "" : "in-order"} ${logged ? "logged" : ""} ${paths.length > MOST ? "large" : ""}`} data-testid="flow">
      {logged ? (
        <Counts nodes={nodes} edges={edges} drawn={drawn} refused={refused}>
          {nodes > FEW && <Finder paths={paths} go={find} />}
        </Counts>
      ) : (
        <Legend drawn={drawn} total={paths.length} recorded={recorded} refused={refused} />
      )}
      <div class="flow-pane" ref={pane}>
        {drawn > MOST ? <FlowCanvas {...shown} size={size} /> : <Picture {...shown} reveal={(box) => setCamera((old) => showing(old, topOf(box), size))} />}
        <Zoom size={size} change={setCamera} fit={() => setCamera(() => fitted(drawing, size, 0))} />
      </div>
      <PartCard box={drawing.boxes[at]} logged={logged} toggle={toggle} />
    </div>
  );
}

/** What is drawn with the paths that are open, and what opens and folds them. */
function useDrawing(roots: readonly Part[], recorded: boolean, start: Props["start"]) {
  const [opened, setOpened] = useState(start);
  const [refused, setRefused] = useState("");
  const drawing = useMemo(() => drawingOf(flowOf(roots, opened, recorded)), [roots, opened, recorded]);
  /** Opens or folds a part; answers whether it did. */
  const change = (part: Part): boolean => {
    const next = new Set(opened);
    if (!next.delete(part.path)) next.add(part.path);
    const count = flowOf(roots, next, recorded).boxes.length;
    const tooMany = next.has(part.path) && count > MOST_PAINTED;
    setRefused(tooMany ? `Opening ${part.name} would draw ${formatCount(count)} parts at once; at most ${formatCount(MOST_PAINTED)} are. Fold others, or search.` : "");
    if (!tooMany) setOpened(next);
    return !tooMany;
  };
  const uncover = (path: string) => {
    const around = openedFor(roots, path);
    if (around.some((each) => !opened.has(each))) setOpened(new Set([...opened, ...around]));
  };
  return { drawing, refused, change, uncover };
}

interface CountsProps {
  nodes: number;
  edges: number;
  drawn: number;
  refused: string;
  children: ComponentChildren;
}

function Counts({ nodes, edges, drawn, refused, children }: CountsProps) {
  return (
    <div class="muted flow-legend number">
      <span>
        {formatCount(nodes)} {nodes === 1 ? "node" : "nodes"}, {formatCount(edges)} {edges === 1 ? "edge" : "edges"}
        {drawn < nodes && `, in ${formatCount(drawn)} boxes: those with a + open`}
      </span>
      {refused && <span class="flow-refused">{refused}</span>}
      {children}
    </div>
  );
}

function Legend({ drawn, total, recorded, refused }: { drawn: number; total: number; recorded: boolean; refused: string }) {
  return (
    <p class="muted flow-legend" role="status">
      <span class="number">
        {drawn < total ? `${formatCount(drawn)} of ${formatCount(total)} parts drawn, the others are folded` : `${formatCount(total)} part${total === 1 ? "" : "s"}`}
      </span>
      {!recorded && <span>No edges were recorded: dashed lines follow the order of the parts</span>}
      {refused && <span class="flow-refused">{refused}</span>}
    </p>
  );
}

/** The camera over a drawing: fitted at first, kept on the part that is opened or folded after. */
function useCamera(drawing: Drawing, scrolls: boolean) {
  const [pane, size] = useSize<HTMLDivElement>();
  const [camera, setCamera] = useState<Camera | null>(null);
  const held = useRef<{ path: string; from: { x: number; y: number } } | null>(null);
  const find = (path: string) => drawing.boxes.find(({ part }) => part.path === path);
  const wanted = useRef<string | null>(null);
  useLayoutEffect(() => {
    const sought = wanted.current === null ? undefined : find(wanted.current);
    wanted.current = null;
    if (sought) setCamera(centred(shown, topOf(sought), size));
  });
  useLayoutEffect(() => {
    const box = held.current && find(held.current.path);
    const from = held.current?.from;
    held.current = null;
    if (box && from) setCamera((old) => old && following(old, from, topOf(box)));
  }, [drawing]);
  const shown = camera ?? (drawing.boxes.length > MOST ? overview : fitted)(drawing, size);
  const change = (next: (old: Camera) => Camera) => setCamera((old) => next(old ?? shown));
  useGestures(pane, change, scrolls);
  const hold = (path: string) => {
    const box = find(path);
    setCamera(shown);
    held.current = box ? { path, from: topOf(box) } : null;
  };
  const go = (path: string) => {
    wanted.current = path;
  };
  return { pane, size, camera: shown, setCamera: change, hold, go };
}

type Change = (next: (old: Camera) => Camera) => void;

/** Drag and arrow keys move, the wheel comes nearer (with Ctrl where the page `scrolls`); a click stays a click until the pointer has moved. */
function useGestures(pane: RefObject<HTMLDivElement>, change: Change, scrolls: boolean): void {
  const latest = useRef(change);
  latest.current = change;
  useEffect(() => {
    const box = pane.current as HTMLDivElement;
    const onWheel = (event: WheelEvent) => {
      if (scrolls && !event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const { left, top } = box.getBoundingClientRect();
      latest.current((old) => nearer(old, Math.exp(-event.deltaY / 400), { x: event.clientX - left, y: event.clientY - top }));
    };
    let far = 0;
    const onDown = () => (far = 0);
    const onMove = (event: PointerEvent) => {
      if (!event.buttons || !event.isPrimary) return;
      far += Math.abs(event.movementX) + Math.abs(event.movementY);
      if (far < 4) return;
      box.setPointerCapture(event.pointerId);
      latest.current((old) => moved(old, event.movementX, event.movementY));
    };
    const onKey = (event: KeyboardEvent) => {
      const by = { ArrowLeft: [STEP, 0], ArrowRight: [-STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] }[event.key];
      if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      latest.current((old) => moved(old, by[0] as number, by[1] as number));
    };
    // Preact's own wheel listeners are passive: they could not keep the page from scrolling.
    box.addEventListener("wheel", onWheel, { passive: false });
    box.addEventListener("pointerdown", onDown);
    box.addEventListener("pointermove", onMove);
    box.addEventListener("keydown", onKey);
    return () => {
      box.removeEventListener("wheel", onWheel);
      box.removeEventListener("pointerdown", onDown);
      box.removeEventListener("pointermove", onMove);
      box.removeEventListener("keydown", onKey);
    };
  }, []);
}

function Zoom({ size, change, fit }: { size: Size; change: Change; fit(): void }) {
  const by = (factor: number) => change((old) => nearer(old, factor, { x: size.width / 2, y: size.height / 2 }));
  return (
    <div class="flow-zoom" role="group" aria-label="Zoom">
      <button type="button" class="button" aria-label="Nearer" onClick={() => by(FACTOR)}>
        +
      </button>
      <button type="button" class="button" aria-label="Farther" onClick={() => by(1 / FACTOR)}>
        −
      </button>
      <button type="button" class="button" onClick={fit}>
        Fit
      </button>
    </div>
  );
}

interface PictureProps {
  drawing: Drawing;
  camera: Camera;
  picked: number;
  toggle(part: Part): void;
  pick(path: string): void;
  reveal(box: Drawing["boxes"][number]): void;
}

function Picture({ drawing, camera, picked, ...acts }: PictureProps) {
  return (
    <svg class="flow-picture" role="group" aria-label="The model as boxes and edges">
      <defs>
        <marker id="flow-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
          <path d="M0 0L8 4L0 8z" />
        </marker>
      </defs>
      <g transform={`translate(${camera.x} ${camera.y}) scale(${camera.scale})`}>
        {drawing.boxes.map((box, at) => (
          <FlowBox key={box.part.path} box={box} picked={at === picked} {...acts} />
        ))}
        {drawing.edges.map(({ from, to, points }) => (
          <path key={`${from} ${to}`} class={`flow-edge ${from === picked || to === picked ? "touched" : ""}`} d={pathOf(points)} marker-end="url(#flow-arrow)" />
        ))}
      </g>
    </svg>
  );
}
