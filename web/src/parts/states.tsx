// What stands where data is not: an error with a way out, nothing yet, or still loading.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { ApiError } from "../api/http";

export function ErrorPanel({ error, retry, title }: { error: ApiError; retry?: () => void; title?: string }) {
  return (
    <div class="panel error-panel" role="alert">
      <h2>{title ?? "This could not be loaded"}</h2>
      <p>{error.message}</p>
      <p class="actions">
        {error.status === 401 && <SignIn />}
        {retry && (
          <button type="button" class="button" onClick={retry}>
            Try again
          </button>
        )}
      </p>
      {(error.request || error.detail) && (
        <details>
          <summary>Details</summary>
          <pre>{[error.request, error.status ? `HTTP ${error.status}` : "", error.detail].filter(Boolean).join("\n")}</pre>
        </details>
      )}
    </div>
  );
}

/** The server answers a page that is opened without a session with the way to one. */
export function SignIn() {
  return (
    <button type="button" class="button primary" onClick={() => location.reload()}>
      Sign in
    </button>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="panel empty-panel">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** Grey bars of the final size, so that nothing jumps when the data comes. */
export function Skeleton({ rows = 6, label }: { rows?: number; label: string }) {
  return (
    <div class="skeleton" role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, index) => (
        <div class="skeleton-row" key={index} />
      ))}
    </div>
  );
}

export function CopyButton({ text, label = "Copy" }: { text: string; label?: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await copyText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <button type="button" class="button" onClick={() => void copy()}>
      {copied ? "Copied" : label}
    </button>
  );
}

/** The clipboard API needs a secure page; on plain http a hidden field does it. */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard && isSecureContext) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

export function Snippet({ code }: { code: string }) {
  return (
    <div class="snippet">
      <pre tabIndex={0}>
        <code>{code}</code>
      </pre>
      <CopyButton text={code} />
    </div>
  );
}
