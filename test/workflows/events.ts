/** What a workflow reports, kept; and a signal that is aborted on the way. */
import type { WorkflowEvent } from "../../src/workflows/workflow.ts";

export type Progress = Extract<WorkflowEvent, { readonly kind: "progress" }>;

export function recorder() {
  const events: WorkflowEvent[] = [];
  return {
    onEvent: (event: WorkflowEvent): void => {
      events.push(event);
    },
    texts: (kind: "notice" | "warning"): string[] =>
      events.flatMap((event) => (event.kind === kind ? [event.text] : [])),
    progress: (): Progress[] => events.filter((event) => event.kind === "progress"),
  };
}

/** Options of a workflow whose signal is aborted when it has got so far in a task. */
export function stopping(when: (progress: Progress) => boolean) {
  const abort = new AbortController();
  const reason = new Error("enough");
  const onEvent = (event: WorkflowEvent): void => {
    if (event.kind === "progress" && when(event)) abort.abort(reason);
  };
  return { signal: abort.signal, onEvent, reason };
}

/** Whether progress begins at nothing, never falls and ends with all of a task. */
export function isWhole(progress: readonly Progress[], task: string): boolean {
  const own = progress.filter((each) => each.task === task);
  const [first, last] = [own[0], own.at(-1)];
  return (
    first?.done === 0 &&
    own.every(({ done }, k) => k === 0 || done >= own[k - 1].done) &&
    last !== undefined &&
    last.done === last.total
  );
}
