/**
 * The compiled PaiNN as an engine for geometric networks: what native code and WebAssembly have in common. Both compute
 * at once on the caller's thread (native code with helpers), so a simulation need not wait for promises.
 */

import { type GeometricConfig, geometricLayout } from "../../nets/geometric.ts";
import { layoutSize } from "../../nets/layers/parameters.ts";
import type { AtomwiseEngine, SpeciesBatch } from "../atomwise-engine.ts";
import { checkLength } from "../check-length.ts";

/** A build of painn.c. Lengths were checked. */
export interface PainnKernel {
  /** Shown to users. */
  readonly name: string;
  /** Writes the outputs o [A] and, where `slope` is given, ∂(Σ o)/∂r [A, 3]. */
  readonly evaluate: (
    parameters: Float32Array,
    batch: SpeciesBatch,
    outputs: Float32Array,
    slope: Float32Array | null,
  ) => void;
  /** Writes ∂(Σ c o + v · ∂(Σ o)/∂r)/∂θ; v null: zero. */
  readonly train: (
    parameters: Float32Array,
    batch: SpeciesBatch,
    coefficients: Float32Array,
    direction: Float32Array | null,
    gradient: Float32Array,
  ) => void;
  readonly dispose: () => void;
}

/** The sizes that painn.h's PainnConfig holds, or undefined for a network that the kernel does not compute. */
export function painnSizes(config: GeometricConfig): Readonly<Record<string, number>> | undefined {
  if (config.kind !== "painn" || config.vectors === true) return undefined;
  const { types, hidden, layers, radial } = config;
  const bessel = Number(radial.kind === "bessel");
  return { types, hidden, layers, radial: radial.count, bessel, head: hidden / 2, cutoff: radial.cutoff };
}

/** The engine around a build of the kernel. */
export function painnEngine(config: GeometricConfig, kernel: PainnKernel): AtomwiseEngine {
  const count = layoutSize(geometricLayout(config));
  const checked = (parameters: Float32Array, { sizes, positions, species }: SpeciesBatch): void => {
    const atoms = sizes.reduce((a, b) => a + b, 0);
    checkLength("parameters", parameters, count);
    checkLength("positions", positions, 3 * atoms);
    checkLength("species", species, atoms);
  };
  const positionGradientNow: NonNullable<AtomwiseEngine["positionGradientNow"]> = (
    parameters,
    batch,
    outputs,
    gradient,
  ) => {
    checked(parameters, batch);
    checkLength("outputs", outputs, batch.species.length);
    checkLength("gradient", gradient, batch.positions.length);
    kernel.evaluate(parameters, batch, outputs, gradient);
  };
  return {
    name: kernel.name,
    outputs: async (parameters, batch) => {
      checked(parameters, batch);
      const outputs = new Float32Array(batch.species.length);
      kernel.evaluate(parameters, batch, outputs, null);
      return outputs;
    },
    positionGradientNow,
    positionGradient: async (parameters, batch) => {
      const outputs = new Float32Array(batch.species.length);
      const gradient = new Float32Array(batch.positions.length);
      positionGradientNow(parameters, batch, outputs, gradient);
      return { outputs, gradient };
    },
    parameterGradient: async (parameters, batch, coefficients, gradient) => {
      checked(parameters, batch);
      checkLength("coefficients", coefficients, batch.species.length);
      checkLength("gradient", gradient, count);
      kernel.train(parameters, batch, coefficients, null, gradient);
    },
    mixedGradient: async (parameters, batch, coefficients, direction, gradient) => {
      checked(parameters, batch);
      checkLength("coefficients", coefficients, batch.species.length);
      checkLength("direction", direction, batch.positions.length);
      checkLength("gradient", gradient, count);
      kernel.train(parameters, batch, coefficients, direction, gradient);
    },
    dispose: kernel.dispose,
  };
}
