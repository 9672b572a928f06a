// What the charts of a page asked for when it was open last. It is asked for again as soon as the page
// is opened, before anybody knows which runs there are: most often it is what the charts will want.

import { effect } from "@preact/signals";
import type { SeriesRequest } from "../api/types";
import { exportedAt } from "../parts/exported";
import { keepJson, keptJson } from "../parts/kept";
import { keysOf, pack } from "../series/batch";
import { prefetch, watchedKeys, type SeriesKey } from "../series/store";
import { place, query } from "./route";

const KEY = "pluto.asked";
/** So many pages are remembered, those opened last. */
const PAGES = 20;
/** More requests than these would hold up the page that is opened instead. */
const REQUESTS = 4;

/** As it is kept: a request says in few words what many series are. */
type Asked = [page: string, requests: SeriesRequest[]][];

/** A page is remembered once it has been looked at for so long, in ms. */
const SETTLED = 1000;

/** What each page asked for, those opened last first. */
function read(): Map<string, SeriesKey[]> {
  const pages = keptJson(KEY, (value) => (value as Asked).map(([page, requests]) => [page, requests.flatMap(keysOf)] as const), []);
  return new Map(pages);
}

const address = () => location.pathname + location.search;

function remember(): void {
  const pages = read();
  pages.delete(address());
  const opened: [string, SeriesKey[]][] = [[address(), watchedKeys()], ...pages];
  const kept: Asked = opened.filter(([, keys]) => keys.length).map(([page, keys]) => [page, requestsFor(keys)]);
  keepJson(KEY, kept.slice(0, PAGES));
}

function requestsFor(keys: readonly SeriesKey[]): SeriesRequest[] {
  return pack(keys.map((key) => ({ ...key, since: null }))).slice(0, REQUESTS);
}

/** Resolves when what was asked for again is there. */
export async function startAsked(): Promise<void> {
  if (exportedAt !== null) return;
  effect(() => {
    void place.value;
    void query.value;
    const timer = setTimeout(remember, SETTLED);
    return () => clearTimeout(timer);
  });
  await prefetch(read().get(address()) ?? []);
}
