// Whether this page is a folder that `pluto export` wrote: there is no server, and its address is behind a #.

/** When it was written, in ms since 1970; null for a page that a server gave. */
export const exportedAt = readTime(globalThis.document?.documentElement.dataset.exported);

function readTime(text: string | undefined): number | null {
  return text === undefined ? null : Number(text);
}
