/** What verbs do on objects in memory, in Node and in a page: options in, events on the way, a report out. */
export type { ConditionOptions, Range } from "../workflows/condition.ts";
export {
  type ConformersOptions,
  type ConformersReport,
  conformersOf,
  type GeneratedConformer,
} from "../workflows/conformers.ts";
export { type PredictOptions, type PredictReport, predict } from "../workflows/predict.ts";
export { type SampleOptions, type SampleReport, sample, sampling } from "../workflows/sample.ts";
export { type SimulateOptions, type SimulateReport, simulate } from "../workflows/simulate.ts";
export type { SimulationFigures } from "../workflows/simulation.ts";
export type { ClosedForm, SimulationRequest } from "../workflows/simulation-request.ts";
export type { WorkflowEvent, WorkflowOptions } from "../workflows/workflow.ts";
