// What was just done, at the foot of the page, with the way back.

import { asApiError } from "../api/http";
import { say, toast } from "../state/toast";

export function ToastLine() {
  const shown = toast.value;
  // The region is there before its words are: only then are they read out.
  return (
    <div class="toast-place" role="status" aria-live="polite">
      {shown && (
        <div class={`toast ${shown.failed ? "failed" : ""}`} data-testid="toast">
          <span>{shown.text}</span>
          {shown.undo && (
            <button type="button" class="link" onClick={() => void undo(shown.undo as () => Promise<void>)}>
              Undo
            </button>
          )}
          <button type="button" class="icon" aria-label="Dismiss" onClick={() => (toast.value = null)}>
            ✕
          </button>
        </div>
      )}
    </div>
  );
}

async function undo(work: () => Promise<void>): Promise<void> {
  toast.value = null;
  try {
    await work();
  } catch (error) {
    say(`It could not be undone: ${asApiError(error).message}`, { failed: true });
  }
}
