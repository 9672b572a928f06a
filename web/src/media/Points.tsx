// A cloud of points in space: drag turns it, the wheel comes nearer.

import { useEffect, useRef, useState } from "preact/hooks";
import { formatCount } from "../format";
import { theme, token } from "../state/theme";
import type { Point } from "./kinds";

const COLORS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c7a00", "#7d5bd9"];
/** Radians a pixel of dragging. */
const TURN = 0.01;

interface View {
  yaw: number;
  pitch: number;
  zoom: number;
}

const FIRST: View = { yaw: 0.6, pitch: 0.4, zoom: 1 };

export function Points({ points, label }: { points: readonly Point[]; label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [view, setView] = useState(FIRST);
  useEffect(() => {
    if (canvas.current) draw(canvas.current, points, view);
  }, [points, view, theme.value]);
  // Preact's own wheel listeners are passive: they could not keep the page from scrolling.
  useEffect(() => {
    const box = canvas.current as HTMLCanvasElement;
    const nearer = (event: WheelEvent) => {
      event.preventDefault();
      setView((old) => ({ ...old, zoom: Math.min(20, Math.max(0.2, old.zoom * Math.exp(-event.deltaY / 400))) }));
    };
    box.addEventListener("wheel", nearer, { passive: false });
    return () => box.removeEventListener("wheel", nearer);
  }, []);
  const turn = (x: number, y: number) => setView((old) => ({ ...old, yaw: old.yaw + x * TURN, pitch: old.pitch + y * TURN }));
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowLeft: [-12, 0], ArrowRight: [12, 0], ArrowUp: [0, -12], ArrowDown: [0, 12] }[event.key];
    if (!by) return;
    event.preventDefault();
    turn(by[0] as number, by[1] as number);
  };
  return (
    <div class="points">
      <canvas
        ref={canvas}
        role="img"
        aria-label={`${label}: ${formatCount(points.length)} points; drag or arrow keys turn them`}
        tabIndex={0}
        width={480}
        height={360}
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={(event) => event.buttons && turn(event.movementX, event.movementY)}
        onDblClick={() => setView(FIRST)}
        onKeyDown={onKeyDown}
      />
      <p class="muted number">{formatCount(points.length)} points · drag to turn, wheel to come nearer, double click to reset</p>
    </div>
  );
}

interface Frame {
  center: readonly [number, number, number];
  radius: number;
}

/** The middle of the box around the points, and how far they reach from it. */
function frameOf(points: readonly Point[]): Frame {
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  for (const point of points) {
    for (let axis = 0; axis < 3; axis += 1) {
      low[axis] = Math.min(low[axis] as number, point[axis] as number);
      high[axis] = Math.max(high[axis] as number, point[axis] as number);
    }
  }
  const center = low.map((value, axis) => (value + (high[axis] as number)) / 2) as [number, number, number];
  const radius = Math.hypot(...low.map((value, axis) => ((high[axis] as number) - value) / 2));
  return { center, radius: radius || 1 };
}

function draw(canvas: HTMLCanvasElement, points: readonly Point[], { yaw, pitch, zoom }: View): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const { width, height } = canvas;
  const { center, radius } = frameOf(points);
  const scale = (Math.min(width, height) / 2.2 / radius) * zoom;
  const [sinYaw, cosYaw, sinPitch, cosPitch] = [Math.sin(yaw), Math.cos(yaw), Math.sin(pitch), Math.cos(pitch)];
  const placed = points.map((point) => {
    const [x, y, z] = [0, 1, 2].map((axis) => (point[axis] as number) - (center[axis] as number)) as [number, number, number];
    const [across, away] = [x * cosYaw - y * sinYaw, x * sinYaw + y * cosYaw];
    const depth = away * cosPitch - z * sinPitch;
    return { x: width / 2 + across * scale, y: height / 2 - (away * sinPitch + z * cosPitch) * scale, depth, point };
  });
  placed.sort((a, b) => b.depth - a.depth);
  context.clearRect(0, 0, width, height);
  const plain = token("--accent");
  const size = points.length > 20_000 ? 1.5 : points.length > 2_000 ? 2 : 3;
  for (const { x, y, depth, point } of placed) {
    context.globalAlpha = 0.9 - 0.55 * ((depth / radius + 1) / 2); // what is far away fades
    context.fillStyle = colorOf(point, plain);
    context.fillRect(x - size / 2, y - size / 2, size, size);
  }
  context.globalAlpha = 1;
}

function colorOf(point: Point, plain: string): string {
  if (point.length === 4) return COLORS[Math.abs(Math.round(point[3] as number)) % COLORS.length] as string;
  if (point.length === 6) return `rgb(${point[3]} ${point[4]} ${point[5]})`;
  return plain;
}
