// A run's status by colour, shape and word.

import type { Status as Word } from "../api/types";

const SIGNS: Record<Word, string> = {
  RUNNING: "●",
  COMPLETED: "✓",
  FAILED: "✕",
  TERMINATED: "■",
  CANCELLED: "⊘",
};

export function StatusSign({ status }: { status: Word }) {
  return (
    <span class={`status-sign ${status.toLowerCase()}`} title={status.toLowerCase()} aria-label={status.toLowerCase()} role="img">
      {SIGNS[status] ?? "?"}
    </span>
  );
}

export function StatusBadge({ status, cause }: { status: Word; cause: string | null }) {
  return (
    <span class={`badge ${status.toLowerCase()}`} data-testid="status" title={cause ?? ""}>
      <span aria-hidden="true">{SIGNS[status] ?? "?"}</span> {status.toLowerCase()}
    </span>
  );
}
