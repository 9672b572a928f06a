// Console text with its colours: SGR escapes become spans, other escapes and overwritten text go.

export interface Piece {
  text: string;
  /** Class names, such as "ansi-red bold". */
  style: string;
}

const COLORS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
// CSI sequences, OSC sequences up to their end, and lone two-character escapes.
const ESCAPE = /\u001b\[([0-9;:?]*)([@-~])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[@-Z\\-_]/g;

export function pieces(line: string): Piece[] {
  const text = afterReturn(line);
  if (!text.includes("\u001b")) return [{ text, style: "" }];
  const found: Piece[] = [];
  let at = 0;
  let style: Style = {};
  for (const match of text.matchAll(ESCAPE)) {
    push(found, text.slice(at, match.index), style);
    at = match.index + match[0].length;
    if (match[2] === "m") style = apply(style, match[1] ?? "");
  }
  push(found, text.slice(at), style);
  return found;
}

/** What a terminal shows of a progress bar that came as one line: the text after the last return. */
function afterReturn(line: string): string {
  const text = line.replace(/\r+$/, "");
  return text.slice(text.lastIndexOf("\r") + 1);
}

interface Style {
  color?: string;
  bold?: boolean;
  dim?: boolean;
}

function apply(style: Style, codes: string): Style {
  let next: Style = { ...style };
  for (const code of codes.split(/[;:]/).map(Number)) {
    if (code === 0) next = {};
    else if (code === 1) next.bold = true;
    else if (code === 2) next.dim = true;
    else if (code === 22) next = { ...next, bold: false, dim: false };
    else if (code >= 30 && code <= 37) next.color = COLORS[code - 30] as string;
    else if (code >= 90 && code <= 97) next.color = COLORS[code - 90] as string;
    else if (code === 39) delete next.color;
    // 256 and 24 bit colours carry arguments that are not codes; they show uncoloured.
    else if (code === 38 || code === 48) break;
  }
  return next;
}

function push(found: Piece[], text: string, { color, bold, dim }: Style): void {
  if (!text) return;
  const style = [color && `ansi-${color}`, bold && "bold", dim && "dim"].filter(Boolean).join(" ");
  found.push({ text, style });
}
