// Views that were given a name: what the address holds, and the panels in the arrangement they had.

import { computed } from "@preact/signals";
import { currentQuery, place, setQuery, showQuery, textParam } from "./route";
import { keep, saved } from "./saved";
import { say } from "./toast";

export interface View {
  query: string;
  /** The view's own panels by id; null for those of the project, as views of earlier versions have them. */
  panels: Readonly<Record<string, unknown>> | null;
}

export const views = computed<ReadonlyMap<string, View>>(() => {
  const read = Object.entries(saved.value.view).map(([name, value]) => [name, readView(value)] as const);
  return new Map(read.filter((entry): entry is readonly [string, View] => entry[1] !== null));
});

/** What is no view, for instance of a newer version, is left out. */
function readView(value: unknown): View | null {
  if (typeof value === "string") return { query: value, panels: null };
  if (typeof value !== "object" || value === null) return null;
  const { query, panels } = value as Partial<View>;
  return typeof query === "string" && typeof panels === "object" ? { query, panels } : null;
}

const named = textParam("view");

/** The name of the view that is looked at; null for none, or one that was forgotten. */
export const shownView = computed(() => (views.value.has(named.value) ? named.value : null));

/** What the address holds besides the name of the view. */
const ownQuery = computed(() => {
  const parts = currentQuery.value.split("&");
  return parts.filter((part) => part && !part.startsWith("view=")).join("&");
});

/** Whether the page is no longer as the view has it. */
export const viewChanged = computed(() => shownView.value !== null && views.value.get(shownView.value)?.query !== ownQuery.value);

/** The panels in sight, by id: the view's own, else the project's. */
export const layout = computed(() => (shownView.value === null ? null : views.value.get(shownView.value)?.panels) ?? saved.value.panel);

/** Keeps a panel in what is arranged in sight, or with null takes it away; answers how to undo that. */
export function arrange(id: string, panel: unknown): () => Promise<void> {
  const before = layout.peek()[id] ?? null;
  const name = shownView.peek();
  const view = name === null ? undefined : views.peek().get(name);
  const put = view?.panels && name !== null ? (value: unknown) => keepIn(name, id, value) : (value: unknown) => keep("panel", id, value);
  void put(panel);
  return () => put(before);
}

async function keepIn(name: string, id: string, panel: unknown): Promise<void> {
  const view = views.peek().get(name);
  if (!view) return; // it was forgotten meanwhile
  const panels = { ...view.panels, [id]: panel };
  if (panel === null) delete panels[id];
  await keep("view", name, { query: view.query, panels } satisfies View);
}

/** Keeps what is on the screen under a name, and goes on in that view. */
export function keepView(name: string): void {
  void keep("view", name, { query: ownQuery.peek(), panels: { ...layout.peek() } } satisfies View);
  named.set(name);
}

export function showView(name: string): void {
  const { query } = views.peek().get(name) as View;
  showQuery({ ...place.peek(), run: null }, [query, new URLSearchParams({ view: name }).toString()].filter(Boolean).join("&"));
}

/** Goes back to the panels of the project, and leaves all else as it is. */
export function leaveView(): void {
  setQuery({ view: "" });
}

export function forgetView(name: string): void {
  const before = saved.peek().view[name];
  void keep("view", name, null);
  say(`View “${name}” forgotten.`, { undo: () => keep("view", name, before) });
}
