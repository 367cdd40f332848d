/** A small EGNN with the options of the paper, for tests of laws. */
import type { DynamicsConfig } from "../../src/nets/egnn/dynamics-layout.ts";
import { dynamicsLayout } from "../../src/nets/egnn/dynamics-layout.ts";
import { initialParameters } from "../../src/nets/layers/parameters.ts";

export const TINY: DynamicsConfig = {
  network: "egnn",
  inFeatures: 7,
  outFeatures: 6,
  hidden: 16,
  layers: 2,
  sublayers: 1,
  attention: true,
  tanh: true,
  coordsRange: 3,
  normConstant: 1,
  aggregation: "sum",
  normalizationFactor: 4,
  sinEmbedding: false,
  selfConditioning: false,
};

/** Parameters that really move atoms: the last coordinate layers of a fresh network are nearly zero. */
export function livelyParameters(config: DynamicsConfig, seed: number): Float32Array {
  const layout = dynamicsLayout(config).map((spec) =>
    spec.name.endsWith("coord.2.weight") ? { ...spec, bound: 0.2 } : spec,
  );
  return initialParameters(layout, seed);
}
