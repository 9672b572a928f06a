// The lines of a chart, painted once and kept: a pointer that moves from run to run only blends this
// picture and paints one line over it, however many runs there are.

import type { Focus } from "../state/focus";
import { isFocused, type Line } from "./lines";
import { paint, type Frame } from "./paint";

const FADED = 0.25;

export class Layer {
  private readonly canvas = document.createElement("canvas");
  private lines: readonly Line[] = [];
  /** What the kept picture was painted for; null when it is out of date. */
  private painted: string | null = null;

  show(lines: readonly Line[]): void {
    this.lines = lines;
    this.painted = null;
  }

  /** Draws all lines, or those in focus over the faded others; a focus on all of them is none. */
  draw(context: CanvasRenderingContext2D, frame: Frame, focus: Focus | null): void {
    this.repaint(context.canvas, frame);
    const inFocus = this.lines.filter((line) => isFocused(line, focus));
    const focused = inFocus.length < this.lines.length ? inFocus : [];
    context.save();
    if (focused.length) context.globalAlpha = FADED;
    context.drawImage(this.canvas, 0, 0);
    context.restore();
    if (focused.length) paint(context, frame, focused, true);
  }

  private repaint({ width, height }: HTMLCanvasElement, frame: Frame): void {
    const wanted = JSON.stringify([width, height, frame]);
    if (this.painted === wanted) return;
    this.painted = wanted;
    this.canvas.width = width; // also clears it
    this.canvas.height = height;
    const context = this.canvas.getContext("2d");
    if (context) paint(context, frame, this.lines);
  }
}
