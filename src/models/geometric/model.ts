/** A trained force field or property network, read from and written to a model folder; what it predicts. */
import { symbolOf } from "../../chem/elements.ts";
import type { Molecule } from "../../chem/molecule.ts";
import { InputError } from "../../errors.ts";
import type { AtomwiseEngine, SpeciesBatch } from "../../nets/atomwise-engine.ts";
import { geometricLayout } from "../../nets/geometric.ts";
import type { EnergyUnit, Potential } from "../../simulate/potential.ts";
import { readModelConfig, readModelParameters, writeModelFolder } from "../model-folder.ts";
import { type GeometricModelConfig, geometricConfigSchema, networkOf, type OutputConfig } from "./config.ts";
import { pool } from "./outputs.ts";

export interface GeometricModel {
  readonly config: GeometricModelConfig;
  /** In the order of `geometricLayout`. */
  readonly parameters: Float32Array;
}

/** Writes model.safetensors and config.json, each atomically; the folder is made if need be. */
export const saveGeometric = (folder: string, { config, parameters }: GeometricModel): Promise<void> =>
  writeModelFolder(folder, config, geometricLayout(networkOf(config)), parameters);

/** Reads a model folder. @throws InputError naming the file and the tensor or key that is wrong */
export async function loadGeometric(folder: string): Promise<GeometricModel> {
  const config = await readModelConfig(folder, geometricConfigSchema);
  return { config, parameters: await readModelParameters(folder, geometricLayout(networkOf(config))) };
}

/** Molecules side by side, their elements as indices. @throws InputError for elements that are not the model's */
export function speciesBatch(
  elements: readonly number[],
  molecules: readonly Pick<Molecule, "atomicNumbers" | "positions">[],
): SpeciesBatch {
  const sizes = Int32Array.from(molecules, ({ atomicNumbers }) => atomicNumbers.length);
  const atoms = sizes.reduce((a, b) => a + b, 0);
  const positions = new Float64Array(3 * atoms);
  const species = new Int32Array(atoms);
  let start = 0;
  for (const molecule of molecules) {
    positions.set(molecule.positions, 3 * start);
    for (const z of molecule.atomicNumbers) {
      const index = elements.indexOf(z);
      if (index < 0) throw unknownElement(z, elements);
      species[start++] = index;
    }
  }
  return { sizes, positions, species };
}

const unknownElement = (z: number, elements: readonly number[]): InputError =>
  new InputError(
    `element "${symbolOf(z)}" is not one that the model knows (${elements.map(symbolOf).join(" ")})`,
  );

/** What does not come from the network: the references of the atoms, and the offset. */
export const baseline = ({ references, offset }: OutputConfig, species: ArrayLike<number>): number =>
  Array.from(species).reduce((sum, index) => sum + references[index], offset);

/** Values of the model's property. [M], in `config.output.unit` */
export async function predictProperty(
  { config, parameters }: GeometricModel,
  engine: AtomwiseEngine,
  molecules: readonly Pick<Molecule, "atomicNumbers" | "positions">[],
): Promise<Float64Array> {
  const { output, elements } = config;
  const values = new Float64Array(molecules.length);
  for (let first = 0; first < molecules.length; first += 64) {
    const part = molecules.slice(first, first + 64);
    const batch = speciesBatch(elements, part);
    const outputs = await engine.outputs(parameters, batch);
    let start = 0;
    part.forEach((molecule, k) => {
      const end = start + molecule.atomicNumbers.length;
      const { value } = pool(output.pooling, molecule, outputs.subarray(start, end));
      values[first + k] = output.scale * value + baseline(output, batch.species.subarray(start, end));
      start = end;
    });
  }
  return values;
}

/** A trained force field as the potential of a simulation; the engine is the caller's to dispose of. */
export function forceFieldPotential(model: GeometricModel, engine: AtomwiseEngine): Potential {
  const { config, parameters } = model;
  if (config.kind !== "forcefield")
    throw new InputError(
      `the model predicts "${config.output.property}", it has no forces; a force field was expected (equimol train forcefield)`,
    );
  const { output, elements, network } = config;
  const { data } = config.provenance as { readonly data?: { readonly name?: string } };
  return {
    name: data?.name === undefined ? network.kind : `${network.kind} (${data.name})`,
    unit: output.unit as EnergyUnit,
    evaluate: async (positions, atomicNumbers) => {
      const N = atomicNumbers.length;
      const molecules = Array.from({ length: positions.length / (3 * N) }, (_, b) => ({
        atomicNumbers,
        positions: positions.subarray(3 * N * b, 3 * N * (b + 1)),
      }));
      const batch = speciesBatch(elements, molecules);
      const { outputs, gradient } = await engine.positionGradient(parameters, batch);
      const constant = baseline(output, batch.species.subarray(0, N));
      const energies = Float64Array.from(molecules, (_, b) => {
        const sum = outputs.subarray(N * b, N * (b + 1)).reduce((total, value) => total + value, 0);
        return output.scale * sum + constant;
      });
      return { energies, forces: Float64Array.from(gradient, (slope) => -output.scale * slope) };
    },
  };
}
