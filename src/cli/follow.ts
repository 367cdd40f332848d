/** A workflow on the command line: its events become notices, warnings and a bar on stderr. */
import type { WorkflowEvent, WorkflowOptions } from "../workflows/workflow.ts";
import { optionWord } from "./options/words.ts";
import type { Output, Progress } from "./output.ts";

/**
 * Runs the workflow with what it reports sent to `output`; the bar goes when it ends, however it ends.
 * @example const report = await follow(output, (events) => sampleToFiles({ ...events, out }));
 */
export async function follow<T>(
  output: Output,
  workflow: (options: Required<Pick<WorkflowOptions, "onEvent" | "named">>) => Promise<T>,
): Promise<T> {
  let task: string | undefined;
  let bar: Progress | undefined;
  const onEvent = (event: WorkflowEvent): void => {
    if (event.kind === "notice") output.log(event.text);
    else if (event.kind === "warning") output.warn(event.text);
    else if (event.kind === "progress") {
      if (event.task !== task) {
        bar?.done();
        bar = output.progress(event.task, event.total);
        task = event.task;
      }
      bar?.update(event.done, event.detail);
    }
  };
  return workflow({ onEvent, named: optionWord }).finally(() => bar?.done());
}
