// One alert of a run: how grave it is, what it says, and when it was raised.

import type { ComponentChildren } from "preact";
import type { Alert } from "../api/types";
import { formatDate } from "../format";

export function AlertLine({ alert, children }: { alert: Alert; children?: ComponentChildren }) {
  return (
    <li>
      <span class={`alert-level ${alert.level.toLowerCase()}`}>{alert.level.toLowerCase()}</span> {children} <b>{alert.title}</b> {alert.body}{" "}
      {alert.url && /^https?:/.test(alert.url) && (
        <a class="link" href={alert.url} target="_blank" rel="noopener noreferrer">
          {alert.url}
        </a>
      )}{" "}
      <time class="muted number">{formatDate(alert.time)}</time>
    </li>
  );
}
