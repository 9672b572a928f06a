// What a panel is, and what of it is kept.

export const KINDS = {
  line: "Lines",
  bar: "Bars",
  scatter: "Scatter",
  parallel: "Parallel coordinates",
} as const;

export type Kind = keyof typeof KINDS;

export interface Panel {
  id: string;
  kind: Kind;
  title: string;
  /** Metrics of lines; column keys of bars (one), of the y axis of a scatter (one), or of parallel axes. */
  y: readonly string[];
  /** Of lines what `x` is in the URL, empty to follow the toolbar; of a scatter a column key. */
  x: string;
  /** The column key that colours the points or lines; empty for the colours of the runs. */
  color: string;
  log: boolean;
  /** Whether it has a whole row; else so many columns of the page. */
  wide: boolean;
  span: number;
  /** How high it is, in cards. */
  rows: number;
  /** Panels stand in the order of these. */
  place: number;
}

export function newPanel(kind: Kind, place: number): Panel {
  const id = crypto.getRandomValues(new Uint32Array(2)).reduce((text, part) => text + part.toString(36), "");
  return { id, kind, title: "", y: [], x: "", color: "", log: false, wide: kind === "parallel", span: 1, rows: 1, place };
}

/** The panels in their order; what is no panel, for instance of a newer version, is left out. */
export function readPanels(items: Readonly<Record<string, unknown>>): Panel[] {
  const panels = Object.entries(items).flatMap(([id, item]) => (isPanel(item) ? [{ ...newPanel(item.kind, 0), ...item, id }] : []));
  return panels.sort((a, b) => a.place - b.place || a.id.localeCompare(b.id));
}

function isPanel(item: unknown): item is Panel {
  if (typeof item !== "object" || item === null) return false;
  const { kind, y } = item as Partial<Panel>;
  return typeof kind === "string" && kind in KINDS && Array.isArray(y) && y.every((key) => typeof key === "string");
}

/** A panel has at most so many rows and columns. */
const MOST = { rows: 4, span: 6 };

/** The panel with so many more columns or rows, in a page of `columns`; at all of them it has a whole row. */
export function resized(panel: Panel, columns: number, { span = 0, rows = 0 }: { span?: number; rows?: number }): Panel {
  const now = panel.wide ? columns : Math.min(panel.span, columns);
  const wanted = Math.min(Math.max(1, now + span), columns, MOST.span);
  const wide = span === 0 ? panel.wide : wanted === columns && columns > 1;
  return { ...panel, span: wanted, wide, rows: Math.min(Math.max(1, panel.rows + rows), MOST.rows) };
}

/** The panels that get another place when one of a list in order goes to a place in it. */
export function placed(list: readonly Panel[], panel: Panel, index: number): Panel[] {
  const others = list.filter(({ id }) => id !== panel.id);
  const at = Math.min(Math.max(0, index), others.length);
  const [before, after] = [others[at - 1]?.place, others[at]?.place];
  if (before === undefined && after === undefined) return [];
  if (before !== undefined && after !== undefined && before === after) {
    // Panels of two people may have one place: then all are numbered anew.
    return [...others.slice(0, at), panel, ...others.slice(at)].map((each, place) => ({ ...each, place }));
  }
  const place = before === undefined ? (after as number) - 1 : after === undefined ? before + 1 : (before + after) / 2;
  return [{ ...panel, place }];
}

/** The columns whose values a panel shows. */
export function columnsOf(panel: Panel): string[] {
  if (panel.kind === "line") return [];
  return [...panel.y, panel.x, panel.color].filter(Boolean);
}

/** What a panel shows, when it was given no title. */
export function titleOf({ title, kind, y, x }: Panel, label: (key: string) => string): string {
  if (title) return title;
  if (kind === "scatter") return `${label(y[0] ?? "")} over ${label(x)}`;
  return y.map((key) => (kind === "line" ? key : label(key))).join(", ") || KINDS[kind];
}
