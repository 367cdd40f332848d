/** log p of rows by the probability-flow ODE of a diffusion: exact for what a deterministic sampler draws. */
import { epsilonFrom, type Prediction } from "../../../diffusion/prediction.ts";
import { equalRows, flowLogDensity } from "../../../diffusion/probability-flow.ts";
import type { NoiseSchedule } from "../../../diffusion/schedule.ts";
import type { DenoiserNetwork } from "../denoiser-network.ts";
import { rowNetwork } from "../rows.ts";
import { withDivergence } from "../score/divergence.ts";

/** Largest D whose divergence is computed exactly. */
export const LARGEST_DIVERGENCE = 16;

/** Runge–Kutta steps of density maps, and cells along their sides. */
export const DENSITY_STEPS = 20;
export const DENSITY_SIDE = 48;

export interface FlowDensity {
  /** In nats, by `steps` Runge–Kutta steps. x: data as the diffusion sees them [n, D] → [n] */
  readonly of: (parameters: Float32Array, x: Float64Array, steps: number) => Promise<Float64Array>;
  readonly dispose: () => void;
}

/** @param D numbers in a row, at most `LARGEST_DIVERGENCE` */
export function flowDensity(
  schedule: NoiseSchedule,
  prediction: Prediction,
  D: number,
  network: Pick<DenoiserNetwork, "layout" | "apply">,
): FlowDensity {
  const compiled = rowNetwork(network.layout, D, withDivergence(network.apply));
  return {
    of: async (parameters, x, steps) => {
      const bound = compiled.with(parameters);
      try {
        // x = z_0/α_0: the data are what the ODE ends in, scaled.
        const z0 = x.map((value) => schedule.alpha(0) * value);
        const logs = await flowLogDensity(
          async (z, t) => {
            const both = await bound.of(z, t); // [n, D + 1]
            const { fromZ, fromOutput } = epsilonFrom(prediction, schedule.alpha(t), schedule.sigma(t));
            const n = z.length / D;
            return {
              epsilon: z.map(
                (value, i) => fromZ * value + fromOutput * both[Math.floor(i / D) * (D + 1) + (i % D)],
              ),
              divergence: Float64Array.from(
                { length: n },
                (_, i) => fromZ * D + fromOutput * both[i * (D + 1) + D],
              ),
            };
          },
          schedule,
          z0,
          equalRows(z0.length / D, D),
          steps,
        );
        const volume = D * Math.log(schedule.alpha(0));
        return logs.map((value) => value + volume);
      } finally {
        bound.release();
      }
    },
    dispose: compiled.dispose,
  };
}
