/** A workflow on the command line: its events become notices, warnings and a bar on stderr. */
import type { WorkflowEvent, WorkflowOptions } from "../workflows/workflow.ts";
import { optionWord } from "./options/words.ts";
import type { Output, Progress } from "./output.ts";
import { exitCodeOf, onSignal, type Signal } from "./signals.ts";

type Followed = Required<Pick<WorkflowOptions, "onEvent" | "named">> & Pick<WorkflowOptions, "strict">;

/**
 * Runs the workflow with what it reports sent to `output`; the bar goes when it ends, however it ends.
 * @example const report = await follow(output, (events) => sampleToFiles({ ...events, out }));
 */
export async function follow<T>(output: Output, workflow: (options: Followed) => Promise<T>): Promise<T> {
  let task: string | undefined;
  let bar: Progress | undefined;
  const onEvent = (event: WorkflowEvent): void => {
    if (event.kind === "notice") output.log(event.text);
    else if (event.kind === "warning") output.warn(event.text);
    else if (event.kind === "skipped") output.skipped(event.record);
    else if (event.kind === "progress") {
      if (event.task !== task) {
        bar?.done();
        bar = output.progress(event.task, event.total);
        task = event.task;
      }
      bar?.update(event.done, event.detail);
    }
  };
  return workflow({ onEvent, named: optionWord, strict: output.reading.strict }).finally(() => bar?.done());
}

/**
 * As `follow`, of a workflow that saves: the first SIGINT or SIGTERM aborts its signal, and is in the answer. Before its
 * first progress there is nothing to save: what is waited for then (data through a pipe) may never come, and the program ends.
 * @param saving what it then does, for the person who waits
 */
export async function followToSave<T>(
  output: Output,
  saving: string,
  workflow: (options: Followed & { readonly signal: AbortSignal }) => Promise<T>,
): Promise<{ readonly report: T; readonly received: Signal | undefined }> {
  const abort = new AbortController();
  let received: Signal | undefined;
  let begun = false;
  const release = onSignal((signal) => {
    if (!begun) process.exit(exitCodeOf(signal));
    received = signal;
    output.log(`${signal}: ${saving}; once more to stop at once`);
    abort.abort();
  });
  const report = await follow(output, (events) => {
    const onEvent = (event: WorkflowEvent): void => {
      begun ||= event.kind === "progress" || event.kind === "metrics";
      events.onEvent(event);
    };
    return workflow({ ...events, onEvent, signal: abort.signal });
  }).finally(release);
  return { report, received };
}
