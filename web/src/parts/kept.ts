// What this browser keeps between visits. Where it refuses, because its storage is full or switched
// off, the page does without.

/** The text under a key; null where there is none. */
export function keptText(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // switched off
  }
}

/** Keeps a text under a key, or with null forgets what is there. */
export function keepText(key: string, text: string | null): void {
  try {
    if (text === null) localStorage.removeItem(key);
    else localStorage.setItem(key, text);
  } catch (error) {
    console.warn(`${key} is not kept: ${String(error)}`);
  }
}

/** What `read` makes of the JSON under a key; `otherwise` where there is none, or `read` can make nothing of it. */
export function keptJson<T>(key: string, read: (value: unknown) => T, otherwise: T): T {
  const text = keptText(key);
  if (text === null) return otherwise;
  try {
    return read(JSON.parse(text));
  } catch {
    return otherwise; // damaged, or another version's
  }
}

/** Keeps a value as JSON. */
export function keepJson(key: string, value: unknown): void {
  keepText(key, JSON.stringify(value));
}
