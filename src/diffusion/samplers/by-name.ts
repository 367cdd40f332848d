/** The samplers by the names that configurations and the command line use. */
import { ancestral } from "./ancestral.ts";
import { ddim } from "./ddim.ts";
import { dpmSolver } from "./dpm-solver.ts";
import { sdeDpmSolver } from "./sde-dpm-solver.ts";

export const SAMPLER_FUNCTIONS = {
  ancestral,
  ddim,
  "dpm-solver": dpmSolver,
  "sde-dpm-solver": sdeDpmSolver,
} as const;
