// Console text with its looks: SGR escapes become pieces with colours, other escapes and overwritten text go.
// The codes are those of ECMA-48, the palette of 256 colours that of xterm.

/** A colour of the theme by its number from 0 to 7, or red, green and blue from 0 to 255. */
export type Color = number | readonly [number, number, number];

export interface Look {
  color?: Color;
  ground?: Color;
  bold?: boolean;
  dim?: boolean;
  italic?: boolean;
  underline?: boolean;
  struck?: boolean;
  /** Text and ground change places. */
  inverse?: boolean;
}

export interface Piece {
  text: string;
  look: Look;
}

// CSI sequences, OSC sequences up to their end, and lone two-character escapes.
const ESCAPE = /\u001b\[([0-9;:?]*)([@-~])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[@-Z\\-_]/g;
const PLAIN: Look = {};

export function pieces(line: string): Piece[] {
  const text = afterReturn(line);
  if (!text.includes("\u001b")) return [{ text, look: PLAIN }];
  const found: Piece[] = [];
  let at = 0;
  let look = PLAIN;
  const push = (piece: string) => piece && found.push({ text: piece, look });
  for (const match of text.matchAll(ESCAPE)) {
    push(text.slice(at, match.index));
    at = match.index + match[0].length;
    if (match[2] === "m") look = changed(look, match[1] ?? "");
  }
  push(text.slice(at));
  return found;
}

/** A line as it reads, without its looks. */
export function plain(line: string): string {
  return pieces(line)
    .map((piece) => piece.text)
    .join("");
}

/** What a terminal shows of a progress bar that came as one line: the text after the last return. */
function afterReturn(line: string): string {
  const text = line.replace(/\r+$/, "");
  return text.slice(text.lastIndexOf("\r") + 1);
}

const SIMPLE: Record<number, Look> = {
  1: { bold: true },
  2: { dim: true },
  3: { italic: true },
  4: { underline: true },
  7: { inverse: true },
  9: { struck: true },
  21: { underline: true },
  22: { bold: false, dim: false },
  23: { italic: false },
  24: { underline: false },
  27: { inverse: false },
  29: { struck: false },
};

function changed(look: Look, codes: string): Look {
  let next: Look = { ...look };
  for (const parameter of parameters(codes)) {
    const [code = 0, ...rest] = parameter;
    if (code === 0) next = {};
    else if (code in SIMPLE) Object.assign(next, code === 4 && rest[0] === 0 ? SIMPLE[24] : SIMPLE[code]);
    else if (code >= 30 && code <= 49) setColor(next, code >= 40 ? "ground" : "color", code % 10, rest);
    else if (code >= 90 && code <= 97) next.color = code - 90;
    else if (code >= 100 && code <= 107) next.ground = code - 100;
  }
  return next;
}

function setColor(look: Look, part: "color" | "ground", digit: number, rest: readonly number[]): void {
  if (digit === 9) delete look[part];
  else if (digit < 8) look[part] = digit;
  else Object.assign(look, { [part]: extended(rest) ?? look[part] });
}

/** The codes with what belongs to each: `38;5;208` and `38:2::255:0:0` are one each. */
function parameters(codes: string): number[][] {
  const list = codes.split(";").map((part) => part.split(":").map(Number));
  const found: number[][] = [];
  for (let at = 0; at < list.length; at += 1) {
    const own = list[at] as number[];
    if (own.length > 1 || (own[0] !== 38 && own[0] !== 48)) {
      found.push(own);
      continue;
    }
    const more = { 2: 4, 5: 2 }[list[at + 1]?.[0] ?? 0] ?? 0;
    found.push([...own, ...list.slice(at + 1, at + 1 + more).flat()]);
    at += more;
  }
  return found;
}

/** The colour behind 38 or 48: `5;n` of the palette, `2;r;g;b`, or with colons a colour space before these. */
function extended([kind, ...values]: readonly number[]): Color | null {
  const valid = values.every((value) => Number.isInteger(value) && value >= 0 && value <= 255);
  if (!valid) return null;
  if (kind === 5 && values.length) return palette(values[0] as number);
  const [red, green, blue] = values.slice(-3);
  return kind === 2 && blue !== undefined ? [red as number, green as number, blue] : null;
}

const CUBE = [0, 95, 135, 175, 215, 255];

/** xterm's 256 colours: 16 of the theme, a cube of 6 × 6 × 6, and 24 greys. */
function palette(index: number): Color {
  if (index < 16) return index % 8;
  if (index >= 232) {
    const grey = 8 + 10 * (index - 232);
    return [grey, grey, grey];
  }
  const place = index - 16;
  const level = (step: number) => CUBE[Math.floor(place / step) % 6] as number;
  return [level(36), level(6), level(1)];
}
