// A task for later that does not wait for the next picture.

interface Scheduler {
  postTask(task: () => void, options: { priority: "user-blocking" }): Promise<void>;
}

/** The browser's own scheduler (https://wicg.github.io/scheduling-apis/), where it has one. */
const { scheduler } = globalThis as { scheduler?: Scheduler };

/** Runs a task once those that wait have run; before the next picture, where the browser can be told so. */
export function soon(task: () => void): void {
  if (scheduler) void scheduler.postTask(task, { priority: "user-blocking" });
  else setTimeout(task, 0);
}
