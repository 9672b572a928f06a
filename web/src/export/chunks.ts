// Data beside the page: scripts that each hand over some values by their keys.

type Values = Record<string, unknown>;

declare global {
  interface Window {
    /** Called by every data script. */
    plutoExport?: (values: Values) => void;
  }
}

const known = new Map<string, unknown>();
const loading = new Map<string, Promise<void>>();

/** Takes what data scripts bring, those too that ran before the page did. */
export function receive(early: readonly Values[]): void {
  const take = (values: Values) => Object.entries(values).forEach(([key, value]) => known.set(key, value));
  early.forEach(take);
  window.plutoExport = take;
}

/** The value under a key of the index; undefined where there is none. */
export async function valueOf(key: string): Promise<unknown> {
  const place = (known.get("index") as Record<string, string> | undefined)?.[key];
  if (!known.has(key) && place !== undefined) await load(place);
  return known.get(key);
}

function load(place: string): Promise<void> {
  const begun = loading.get(place) ?? inserted(place);
  loading.set(place, begun);
  return begun;
}

/** Files cannot be fetched by a page that is a file itself, but scripts beside it can be run. */
function inserted(place: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = place;
    script.onload = () => resolve();
    script.onerror = () => {
      loading.delete(place);
      reject(new Error(`${place} is missing from the exported folder`));
    };
    document.head.append(script);
  });
}
