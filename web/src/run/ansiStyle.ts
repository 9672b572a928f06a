// How a piece of the console is painted: any colour that was printed, but never so that it cannot be read.

import type { Color, Look } from "./ansi";

type Rgb = readonly [number, number, number];

export interface Painted {
  class: string;
  style?: { color?: string; background?: string };
}

const NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
/** xterm's own, for the colours of the theme where they are a ground. */
const BASIC: readonly Rgb[] = [
  [0, 0, 0],
  [205, 0, 0],
  [0, 205, 0],
  [205, 205, 0],
  [0, 0, 238],
  [205, 0, 205],
  [0, 205, 205],
  [229, 229, 229],
];
/** What the console is painted on where a line is pointed at, the harder of its two grounds; and its text. */
const THEMES = {
  light: { ground: [238, 241, 245], text: [27, 31, 38] },
  dark: { ground: [36, 42, 51], text: [228, 232, 238] },
} as const satisfies Record<string, { ground: Rgb; text: Rgb }>;

/** Least contrast of text, as WCAG 2.2 has it in success criterion 1.4.3. */
const CONTRAST = 4.5;

export function paintedAs(look: Look, theme: "light" | "dark"): Painted {
  const marks = [look.bold && "bold", look.dim && "dim", look.italic && "italic", look.underline && "underline", look.struck && "struck"];
  const classes = marks.filter((mark) => typeof mark === "string");
  const { color, ground, inverse } = look;
  const named = !inverse && ground === undefined && typeof color === "number";
  if (named) return { class: [`ansi-${NAMES[color]}`, ...classes].join(" ") };
  if (color === undefined && ground === undefined && !inverse) return { class: classes.join(" ") };
  const own = THEMES[theme];
  const [text, behind] = [color === undefined ? own.text : rgb(color), ground === undefined ? own.ground : rgb(ground)];
  const [front, back] = inverse ? [behind, text] : [text, behind];
  const style = { color: css(readable(front, back)), ...(ground !== undefined || inverse ? { background: css(back) } : {}) };
  return { class: classes.join(" "), style };
}

function rgb(color: Color): Rgb {
  return typeof color === "number" ? (BASIC[color] as Rgb) : color;
}

function css(color: Rgb): string {
  return `rgb(${color.map(Math.round).join(" ")})`;
}

/** The colour, mixed with black or white until it can be read on its ground. */
export function readable(color: Rgb, ground: Rgb): Rgb {
  const end: Rgb = luminance(ground) > 0.18 ? [0, 0, 0] : [255, 255, 255];
  for (let share = 0; share < 1; share += 0.05) {
    const mixed = color.map((part, index) => part + ((end[index] as number) - part) * share) as unknown as Rgb;
    if (contrast(mixed, ground) >= CONTRAST) return mixed;
  }
  return end;
}

/** Contrast of two colours from 1 to 21, as WCAG 2.2 defines it. */
export function contrast(one: Rgb, other: Rgb): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** Relative luminance of an sRGB colour (IEC 61966-2-1), from 0 to 1. */
function luminance(color: Rgb): number {
  const [red, green, blue] = color.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as unknown as Rgb;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
