// The URL is the view: which project and run, and every setting of the view as a query parameter.

import { computed, signal, type ReadonlySignal } from "@preact/signals";
import { exportedAt } from "../parts/exported";

export interface Place {
  project: string | null;
  run: number | null;
}

export type Query = Readonly<Record<string, string>>;

/** `/`, `/p/<project>` or `/p/<project>/r/<numeric run id>`. */
function parsePlace(pathname: string): Place {
  const parts = pathname.split("/").filter(Boolean).map(decode);
  if (parts[0] !== "p" || parts[1] === undefined) return { project: null, run: null };
  const run = parts[2] === "r" ? Number(parts[3]) : NaN;
  return { project: parts[1], run: Number.isSafeInteger(run) ? run : null };
}

function placePath(to: Place): string {
  if (to.project === null) return `${ROOT}/`;
  const project = `${ROOT}/p/${encodeURIComponent(to.project)}`;
  return to.run === null ? project : `${project}/r/${to.run}`;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a stray % in a hand-written link: take the text as it stands
  }
}

function parseQuery(search: string): Query {
  return Object.fromEntries(new URLSearchParams(search));
}

/** An exported page is one file, wherever in it one is: what is a path elsewhere stands behind a # there. */
const ROOT = exportedAt === null ? "" : "#";

function address(): { pathname: string; search: string } {
  return exportedAt === null ? location : new URL(location.hash.slice(1) || "/", "http://exported");
}

export const place = signal<Place>(parsePlace(address().pathname));
export const query = signal<Query>(parseQuery(address().search));

/** What follows a person from one project to another: how to look, not what to look at. */
const MANNERS = ["x", "smooth", "by", "log", "logx", "clip"];
/** What makes sense only in the page it was set in. */
const LOCAL = ["tab", "with", "find", "told", "only", "rank", "level", "apart", "drawn", "full", "at"];

export function hrefFor(to: Place): string {
  const from = place.peek();
  const kept = Object.entries(query.value).filter(([key]) =>
    to.project === from.project ? !LOCAL.includes(key) : MANNERS.includes(key),
  );
  return placePath(to) + searchText(Object.fromEntries(kept));
}

/** The same, with more set there. */
export function hrefWith(to: Place, more: Query): string {
  const [path, search] = hrefFor(to).split("?");
  return path + searchText({ ...parseQuery(search ?? ""), ...more });
}

/** Goes to a page as a click on its link would. */
export function go(to: Place): void {
  goHref(hrefFor(to));
}

function goHref(href: string): void {
  flushUrl();
  const url = new URL(href, location.href);
  history.pushState(null, "", url);
  read();
}

/** For links of our own: plain clicks stay in the page, all others are the browser's. */
export function followLink(event: MouseEvent): void {
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  goHref((event.currentTarget as HTMLAnchorElement).href);
}

function read(): void {
  place.value = parsePlace(address().pathname);
  query.value = parseQuery(address().search);
}

function searchText(values: Query): string {
  const entries = Object.entries(values).filter(([, value]) => value !== "");
  if (!entries.length) return "";
  // Commas, colons and slashes are legal in a query; left bare, the links stay readable.
  const text = new URLSearchParams(entries).toString().replace(/%2C/g, ",").replace(/%3A/g, ":").replace(/%2F/g, "/");
  return `?${text}`;
}

/** Sets query parameters; an empty string removes one. The address bar follows a little later. */
export function setQuery(changes: Query): void {
  const next = Object.fromEntries(
    Object.entries({ ...query.peek(), ...changes }).filter(([, value]) => value !== ""),
  );
  query.value = next;
  clearTimeout(pendingUrl);
  pendingUrl = setTimeout(flushUrl, 150); // browsers refuse more than a few changes a second
}

let pendingUrl: ReturnType<typeof setTimeout> | undefined;

function flushUrl(): void {
  if (pendingUrl === undefined) return;
  clearTimeout(pendingUrl);
  pendingUrl = undefined;
  history.replaceState(null, "", placePath(place.peek()) + searchText(query.peek()));
}

/** The query as one text: all that is set on this page. */
export const currentQuery = computed(() => searchText(query.value).replace(/^\?/, ""));

/** Shows a page with a query that was kept. */
export function showQuery(to: Place, text: string): void {
  goHref(placePath(to) + (text ? `?${text}` : ""));
}

export interface Param<T> extends ReadonlySignal<T> {
  set(value: T): void;
}

/** One query parameter as a signal; values equal to `fallback` are left out of the URL. */
export function param<T>(
  key: string,
  fallback: T,
  codec: { read(text: string): T; write(value: T): string },
): Param<T> {
  const value = computed(() => {
    const text = query.value[key];
    return text === undefined ? fallback : codec.read(text);
  });
  const empty = codec.write(fallback);
  return Object.assign(value, {
    set(next: T): void {
      const text = codec.write(next);
      setQuery({ [key]: text === empty ? "" : text });
    },
  });
}

export function textParam(key: string, fallback = ""): Param<string> {
  return param(key, fallback, { read: (text) => text, write: (value) => value });
}

/** A list of keys as one parameter; a key may hold a comma of its own. */
export const keyList = {
  read: (text: string): string[] => (text ? text.split(",").map(decode) : []),
  write: (keys: readonly string[]): string => keys.map((key) => key.replaceAll("%", "%25").replaceAll(",", "%2C")).join(","),
};

export function startRouting(): void {
  read();
  addEventListener("popstate", read);
}
