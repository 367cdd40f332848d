/** The gradient of energies and forces by parameters for engines that have first derivatives only. */
import { hypot } from "../math/elementary.ts";
import type { AtomwiseEngine, SpeciesBatch } from "./atomwise-engine.ts";

/** Largest displacement of an atom in the central difference, Å: truncation and rounding are about 1e-3 of the gradient. */
const DISPLACEMENT = 0.002;

/**
 * ∂(Σ_i c_i o_i + v · ∂(Σ_i o_i)/∂r)/∂θ replaces the contents of `gradient`: what a loss of energies and forces
 * needs. The second term is the derivative of the parameter gradient along a displacement of the atoms,
 * d/dε ∂(Σ o)/∂θ at r + εv, taken as a central difference: compiled second derivatives of jax-js 0.1.25 are wrong.
 * @param coefficients c [A], equal for all atoms of a molecule
 * @param direction v [A, 3]
 */
export function differenceGradient(
  parameterGradient: AtomwiseEngine["parameterGradient"],
  parameters: Float32Array,
  { sizes, species, positions }: SpeciesBatch,
  coefficients: Float32Array,
  direction: Float32Array,
  gradient: Float32Array,
): Promise<void> {
  const A = species.length;
  const displaced = new Float64Array(6 * A);
  const weights = new Float32Array(2 * A);
  let start = 0;
  for (const n of sizes) {
    const end = start + n;
    let longest = 0;
    for (let i = start; i < end; i++)
      longest = Math.max(longest, hypot(direction[3 * i], direction[3 * i + 1], direction[3 * i + 2]));
    const step = longest > 0 ? DISPLACEMENT / longest : 0;
    const slope = longest > 0 ? 0.5 / step : 0;
    for (let k = 3 * start; k < 3 * end; k++) {
      displaced[k] = positions[k] + step * direction[k];
      displaced[3 * A + k] = positions[k] - step * direction[k];
    }
    for (let i = start; i < end; i++) {
      weights[i] = 0.5 * coefficients[i] + slope;
      weights[A + i] = 0.5 * coefficients[i] - slope;
    }
    start = end;
  }
  const twice = (values: Int32Array): Int32Array => Int32Array.from([...values, ...values]);
  const batch = { sizes: twice(sizes), species: twice(species), positions: displaced };
  return parameterGradient(parameters, batch, weights, gradient);
}
