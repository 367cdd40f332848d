/** A trained force field or property network; what it predicts. */
import { symbolOf } from "../../chem/elements.ts";
import type { Molecule } from "../../chem/molecule.ts";
import type { AtomwiseEngine, SpeciesBatch } from "../../engines/atomwise-engine.ts";
import { InputError } from "../../errors.ts";
import { geometricLayout } from "../../nets/geometric.ts";
import type { Layout } from "../../nets/layers/parameters.ts";
import type { EnergiesAndForces, EnergyUnit, Potential } from "../../physics/potential.ts";
import {
  type ModelKind,
  modelFromBytes,
  modelFromFiles,
  modelFromUrl,
  type NamedBytes,
} from "../model-bytes.ts";
import { type GeometricModelConfig, geometricConfigSchema, networkOf, type OutputConfig } from "./config.ts";
import { pool } from "./outputs.ts";

/** A trained force field or property network. */
export interface GeometricModel {
  readonly config: GeometricModelConfig;
  /** In the order of `geometricLayout`. */
  readonly parameters: Float32Array;
}

export const geometricModelLayout = (config: GeometricModelConfig): Layout =>
  geometricLayout(networkOf(config));

/** Force fields and property networks, for the loaders. */
export const GEOMETRIC: ModelKind<GeometricModelConfig, GeometricModel> = {
  schema: geometricConfigSchema,
  layout: geometricModelLayout,
  modelOf: (config, parameters) => ({ config, parameters }),
};

/** See modelFromBytes. */
export const geometricFromBytes = (config: string, weights: Uint8Array, name?: string): GeometricModel =>
  modelFromBytes(GEOMETRIC, config, weights, name);

/** See modelFromUrl. */
export const geometricFromUrl = (url: string | URL): Promise<GeometricModel> => modelFromUrl(GEOMETRIC, url);

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
    const channels = outputs.length / batch.species.length;
    let start = 0;
    part.forEach((molecule, k) => {
      const end = start + molecule.atomicNumbers.length;
      const { value } = pool(output.pooling, molecule, outputs.subarray(channels * start, channels * end));
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
  const { scale } = output;
  let batch = speciesBatch(elements, []);
  let known = new Uint8Array(0);
  let results = { energies: new Float64Array(0), forces: new Float64Array(0) };
  let [outputs, gradient] = [new Float32Array(0), new Float32Array(0)];
  let constant = 0;
  /** Makes the arrays for these atoms and so many replicas, where they are not there yet. */
  const prepare = (positions: Float64Array, atomicNumbers: Uint8Array): void => {
    const N = atomicNumbers.length;
    const same = N === known.length && atomicNumbers.every((z, i) => z === known[i]);
    if (same && positions.length === results.forces.length) return;
    const molecules = Array.from({ length: positions.length / (3 * N) }, (_, b) => ({
      atomicNumbers,
      positions: positions.subarray(3 * N * b, 3 * N * (b + 1)),
    }));
    batch = speciesBatch(elements, molecules);
    constant = baseline(output, batch.species.subarray(0, N));
    results = { energies: new Float64Array(molecules.length), forces: new Float64Array(positions.length) };
    [outputs, gradient] = [new Float32Array(batch.species.length), new Float32Array(positions.length)];
    known = atomicNumbers.slice();
  };
  /** Energies and forces from the sums and slopes of the network's outputs. */
  const finish = (o: Float32Array, slope: Float32Array): EnergiesAndForces => {
    const { energies, forces } = results;
    const N = o.length / energies.length;
    for (let b = 0, at = 0; b < energies.length; b++) {
      let sum = 0;
      for (let i = 0; i < N; i++) sum += o[at++];
      energies[b] = scale * sum + constant;
    }
    for (let k = 0; k < forces.length; k++) forces[k] = -scale * slope[k];
    return results;
  };
  return {
    name: data?.name === undefined ? network.kind : `${network.kind} (${data.name})`,
    unit: output.unit as EnergyUnit,
    cutoff: network.radial.cutoff,
    evaluate: (positions, atomicNumbers) => {
      prepare(positions, atomicNumbers);
      const here = { ...batch, positions };
      if (engine.positionGradientNow === undefined)
        return engine
          .positionGradient(parameters, here)
          .then((found) => finish(found.outputs, found.gradient));
      engine.positionGradientNow(parameters, here, outputs, gradient);
      return finish(outputs, gradient);
    },
  };
}

/** See modelFromFiles. */
export const geometricFromFiles = (files: Iterable<NamedBytes>): Promise<GeometricModel> =>
  modelFromFiles(GEOMETRIC, files);
