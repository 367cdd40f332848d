/** What verbs do on objects in memory, in Node and in a page: options in, events on the way, a report out. */
export type { ConditionOptions, Range } from "../workflows/condition.ts";
export { type SampleOptions, type SampleReport, sample, sampling } from "../workflows/sample.ts";
export type { WorkflowEvent, WorkflowOptions } from "../workflows/workflow.ts";
