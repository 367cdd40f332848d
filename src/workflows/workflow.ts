/**
 * What all workflows share. A workflow is an async function that does what a verb of the command line does: it takes
 * one object of options, reports while it runs, stops when its signal is aborted and returns what a program wants to
 * know. It prints nothing; the command line, a page and a user's program call the same ones.
 */

import { type Named, ownName } from "../errors.ts";
import type { Reading, SkippedRecord } from "../formats/records.ts";

/** What a workflow tells while it runs. */
export type WorkflowEvent =
  /** What is good to know: which engine computes, and why not a faster one. */
  | { readonly kind: "notice"; readonly text: string }
  /** What the caller should know before trusting the result. */
  | { readonly kind: "warning"; readonly text: string }
  /** A record of a file that cannot be read and is passed over. */
  | { readonly kind: "skipped"; readonly record: SkippedRecord }
  /** `done` of `total` units of a task are done; the total may be unknown. A new task ends the one before. */
  | {
      readonly kind: "progress";
      readonly task: string;
      readonly done: number;
      readonly total?: number;
      readonly detail?: string;
    }
  /** Figures of a training, as they are logged. */
  | { readonly kind: "metrics"; readonly values: Readonly<Record<string, unknown>> };

/** What every workflow takes: who is told, what ends it, how options are called. */
export interface WorkflowOptions {
  /** Told of each event as it happens. */
  readonly onEvent?: ((event: WorkflowEvent) => void) | undefined;
  /**
   * Aborted: the workflow rejects with its reason and leaves no half-written file. A training
   * or simulation saves and returns.
   */
  readonly signal?: AbortSignal | undefined;
  /** Of files of molecules: a bad record, and what could be read by a guess only, is an error; else it is told. */
  readonly strict?: boolean | undefined;
  /** How an option is written where it was given, for messages: "churnFrom" is "--churn-from" on the command line. */
  readonly named?: Named | undefined;
}

/** The sending side of a workflow's events. */
export interface Reporter {
  readonly notice: (text: string) => void;
  readonly warning: (text: string) => void;
  /** Begins a task; the function that is returned says how far it is. */
  readonly task: (task: string, total?: number) => (done: number, detail?: string) => void;
  readonly named: Named;
  /** How files of molecules are read: what is passed over or guessed is an event. */
  readonly reading: Reading;
  /** @throws the signal's reason once it is aborted */
  readonly checkSignal: () => void;
}

export function reporterOf({ onEvent, signal, strict, named = ownName }: WorkflowOptions): Reporter {
  const notice = (text: string): void => onEvent?.({ kind: "notice", text });
  return {
    notice,
    reading: {
      strict,
      onNotice: notice,
      ...(onEvent && { onSkipped: (record: SkippedRecord) => onEvent({ kind: "skipped", record }) }),
    },
    warning: (text) => onEvent?.({ kind: "warning", text }),
    task: (task, total) => {
      const known = total === undefined ? {} : { total };
      const report = (done: number, detail?: string): void =>
        onEvent?.({ kind: "progress", task, done, ...known, ...(detail !== undefined && { detail }) });
      report(0);
      return report;
    },
    named,
    checkSignal: () => signal?.throwIfAborted(),
  };
}

/** What computes: an engine that is open already and stays so, or one that is opened here, with what closes it. */
export async function engineFor<E extends { readonly dispose: () => void }, O extends object>(
  given: E | O | undefined,
  open: (options: O | undefined) => Promise<E>,
): Promise<{ readonly engine: E; readonly close: () => void }> {
  if (given !== undefined && "dispose" in given) return { engine: given, close: () => {} };
  const engine = await open(given);
  return { engine, close: () => engine.dispose() };
}
