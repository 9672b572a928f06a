// Where the values beside the crosshair stand: not over it, and not beyond the page.

export interface Frame {
  left: number;
  right: number;
}

/** Pixels between the crosshair and the box, and between the box and the frame. */
const GAP = 12;
const MARGIN = 4;

/** The left edge of a box of this width beside `x`: on the wanted side if it fits, on the other, or within the frame. */
export function besideX(x: number, width: number, { left, right }: Frame, wanted: "left" | "right"): number {
  const sides = { left: x - GAP - width, right: x + GAP };
  const [lowest, highest] = [left + MARGIN, right - MARGIN - width];
  const fitting = [sides[wanted], sides[wanted === "left" ? "right" : "left"]].find((edge) => edge >= lowest && edge <= highest);
  return fitting ?? Math.max(lowest, Math.min(highest, sides[wanted]));
}
