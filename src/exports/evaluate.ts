/** Measuring what was made. */
export { type BasinMap, basinShares, countTransitions, findBasins } from "../evaluate/basins.ts";
export { compareForces, compareTorsions } from "../evaluate/bead-report.ts";
export {
  generatedError,
  type Judge,
  type PropertyError,
  sweepResponse,
  type Yardsticks,
  yardsticks,
} from "../evaluate/condition.ts";
export { type ProcessingOptions, processConformers } from "../evaluate/conformer-processing.ts";
export { type ConformerEvaluation, evaluateConformers } from "../evaluate/conformers.ts";
export { frechetDistance } from "../evaluate/frechet.ts";
export { type Evaluation, evaluateMolecules } from "../evaluate/metrics.ts";
export { kernelLogDensity, mmd, slicedWasserstein, squaredMmd } from "../evaluate/point-sets.ts";
export { type Torsions, torsionsOf } from "../evaluate/ramachandran.ts";
export { buildReference, type Reference } from "../evaluate/reference.ts";
export { reportCard } from "../evaluate/report.ts";
