// Requests with errors a person can act on: what was asked, what came back, what to do.

export class ApiError extends Error {
  /** `status` is 0 when no answer came at all. */
  constructor(
    message: string,
    readonly status: number,
    readonly request: string,
    readonly detail: string,
  ) {
    super(message);
  }
}

const WORDS: Record<number, string> = {
  401: "You are not signed in any more: open the link that `pluto ui` or `pluto server` shows in its terminal, or sign in with a key.",
  403: "The server refuses this request from here.",
  404: "The server does not know this. It may have been deleted, or the link is old.",
  413: "The request is too large for the server.",
  500: "The server failed at this. Its terminal says why; what was recorded is not lost.",
  503: "The server is busy just now. Wait a moment, then try again.",
  507: "The disk of the server is full, so nothing more can be kept; what there is stays readable. Free some space, then try again.",
};

let transport: typeof fetch = (input, init) => fetch(input, init);

/** Answers all requests from here on: an exported page has no server to ask. */
export function answerWith(own: typeof fetch): void {
  transport = own;
}

export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const answer = await send(path, signal ? { signal } : {});
  return (await answer.json()) as T;
}

/** The text of a logged file, by the address that the server gave. */
export async function fetchText(url: string): Promise<string> {
  return (await send(url, {})).text();
}

export async function postJson<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  const answer = await send(path, signal ? { ...jsonBody(body), signal } : jsonBody(body));
  return (await answer.json()) as T;
}

const MAX_KEPT_ALIVE = 60_000; // bytes; browsers refuse more than 64 KiB on the way at once

/** Changes something on the server, also when the page is left before it answers. */
export async function postChange<T>(path: string, body: unknown): Promise<T> {
  const init = jsonBody(body);
  const keepalive = new Blob([init.body as string]).size <= MAX_KEPT_ALIVE;
  return (await (await send(path, { ...init, keepalive })).json()) as T;
}

export async function postBinary(path: string, body: unknown): Promise<ArrayBuffer> {
  const answer = await send(path, jsonBody(body));
  return answer.arrayBuffer();
}

function jsonBody(body: unknown): RequestInit {
  return { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}

async function send(path: string, init: RequestInit): Promise<Response> {
  const request = `${init.method ?? "GET"} ${path}`;
  let answer: Response;
  try {
    answer = await transport(path, { credentials: "same-origin", ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError("The server does not answer. If it has ended, start it again: this page goes on by itself.", 0, request, String(error));
  }
  if (answer.ok) return answer;
  const detail = (await answer.text()).slice(0, 2000);
  const message = WORDS[answer.status] ?? said(detail) ?? `The server answered ${answer.status}.`;
  throw new ApiError(message, answer.status, request, detail);
}

/** The sentence in an error body `{"error": "…"}`, if there is one. */
function said(body: string): string | null {
  try {
    const { error } = JSON.parse(body) as { error?: unknown };
    return typeof error === "string" ? error : null;
  } catch {
    return null; // not JSON: the number of the status has to do
  }
}

/** Any thrown thing as an ApiError, so that error panels have one shape to show. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new ApiError(`Something went wrong in the dashboard: ${text}`, 0, "", String(error));
}
