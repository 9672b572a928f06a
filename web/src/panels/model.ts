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
  wide: boolean;
  /** Panels stand in the order of these. */
  place: number;
}

export function newPanel(kind: Kind, place: number): Panel {
  const id = crypto.getRandomValues(new Uint32Array(2)).reduce((text, part) => text + part.toString(36), "");
  return { id, kind, title: "", y: [], x: "", color: "", log: false, wide: kind === "parallel", place };
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
