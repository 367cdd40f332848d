/**
 * The score at a low noise level as a force (Arts et al. 2023, section 3): with p(z) the density of the noised data,
 * F = k_B T ∂ log p/∂x. In positions of the data, z = αx/scale, so F = −k_B T (α/scale) ∇_z U.
 * @see docs/coarse-graining.md for the choice of the noise level
 */
import { symbolOf } from "../../chem/elements.ts";
import { alphaOf } from "../../diffusion/schedule.ts";
import type { EngineOptions } from "../../engines/open-engine.ts";
import { InputError } from "../../errors.ts";
import type { BeadField } from "../../nets/beads/bead-field.ts";
import type { EnergiesAndForces, Potential } from "../../physics/potential.ts";
import { BOLTZMANN } from "../../physics/units.ts";
import { beadNetworkConfig } from "./config.ts";
import { type BeadFields, openBeadFields } from "./field.ts";
import type { CgModel } from "./model.ts";

/** γ of the level at which positions have noise of this deviation, in Å. */
export const gammaOfNoise = (scale: number, noise: number): number => 2 * Math.log(noise / scale);

/**
 * The potential of mean force that the model stands for. Of a network without energy conservation only the forces
 * mean something; its energies are zero.
 * @param noise deviation in Å of the noise level (what the model recommends)
 * @param options which engine, and whom to tell why it is not a better one
 */
export function cgPotential(
  model: CgModel,
  noise = model.config.forceNoise,
  options: EngineOptions = {},
): Potential {
  const { config, parameters } = model;
  const gamma = gammaOfNoise(config.scale, noise);
  let fields: BeadFields | undefined;
  let opened: BeadField | undefined;
  const toNetwork = alphaOf(gamma) / config.scale;
  const thermal = BOLTZMANN * config.temperature; // kcal/mol
  const width = 3 * config.beads.length;
  let z = new Float64Array(0);
  let held: EnergiesAndForces = { energies: new Float64Array(0), forces: z };
  const evaluate = (field: BeadField, positions: Float64Array): EnergiesAndForces => {
    for (let k = 0; k < z.length; k++) z[k] = toNetwork * positions[k];
    const { energies, forces } = held;
    field.evaluate(z, forces, energies);
    for (let k = 0; k < forces.length; k++) forces[k] *= -thermal * toNetwork;
    if (config.network.conservative) for (let b = 0; b < energies.length; b++) energies[b] *= thermal;
    else energies.fill(0);
    return held;
  };
  return {
    name: `cg (noise ${noise} Å)`,
    unit: "kcal/mol",
    evaluate: (positions, atomicNumbers) => {
      if (atomicNumbers.length !== config.beads.length || config.beads.some((b, i) => b !== atomicNumbers[i]))
        throw new InputError(
          `the model knows the beads ${config.beads.map(symbolOf).join(" ")}, got ${Array.from(atomicNumbers, symbolOf).join(" ")}`,
        );
      if (z.length !== positions.length) {
        z = new Float64Array(positions.length);
        held = { energies: new Float64Array(z.length / width), forces: new Float64Array(z.length) };
      }
      if (opened !== undefined) return evaluate(opened, positions);
      return openBeadFields(beadNetworkConfig(config), options).then((found) => {
        fields = found;
        opened = found.at(parameters, gamma);
        return evaluate(opened, positions);
      });
    },
    dispose: () => fields?.dispose(),
  };
}
