/** EDM with a data set: what the training loop needs to know. */
import { join } from "node:path";
import type { BondRule } from "../../chem/bond-tables.ts";
import type { Molecule } from "../../chem/molecule.ts";
import { stability } from "../../chem/stability.ts";
import { epochBatches } from "../../data/batches.ts";
import { type MoleculeSet, moleculeAt, setSize, sizesOf } from "../../data/molecule-set.ts";
import { levelAt } from "../../diffusion/levels.ts";
import type { NoiseSchedule } from "../../diffusion/schedule.ts";
import type { DenoiserEngine } from "../../engines/engine.ts";
import { coordinatesFit } from "../../formats/format-molecules.ts";
import { permutation, stream } from "../../math/random.ts";
import { randomRotation } from "../../math/rotation.ts";
import { mean, standardError } from "../../math/statistics.ts";
import type { EdmConfig } from "../../models/edm/config.ts";
import { channelCount, type EncodedBatch, encode } from "../../models/edm/features.ts";
import { type Generated, generate } from "../../models/edm/generate.ts";
import { learnedObjective } from "../../models/edm/learned-objective.ts";
import { likelihoodTerms } from "../../models/edm/likelihood.ts";
import { modelLayout, modelOf } from "../../models/edm/model.ts";
import { moleculeNoise } from "../../models/edm/noise.ts";
import { trainingLoss } from "../../models/edm/objective.ts";
import { sizeDistribution } from "../../models/edm/sizes.ts";
import { initialParameters } from "../../nets/layers/parameters.ts";
import { writeMolecules } from "../../platform/node/molecules.ts";
import { type BatchShare, batchStream, stratifiedShare } from "../batch-share.ts";
import type { Gather } from "../communicator.ts";
import type { TrainingTask } from "../loop.ts";
import { matrixBlocks } from "../muon.ts";
import type { EdmSettings } from "./settings.ts";

export interface EdmTaskData {
  readonly train: MoleculeSet;
  readonly valid: MoleculeSet;
  /** Training molecule of each item of an epoch: labelled ones may come more than once. */
  readonly items: Uint32Array;
  /** Bond rule of the stability that validation samples are measured by. */
  readonly rule: BondRule;
  /** Parameters to start from, in the order of `modelLayout`; drawn from the seed when absent. */
  readonly init?: Float32Array;
  /** Folder for validation samples, `step-000123.extxyz`; they are not kept when absent. */
  readonly samples?: string;
}

/** The task of training `config` on the data; the engine computes the network. */
export function edmTask(
  config: EdmConfig,
  settings: EdmSettings,
  data: EdmTaskData,
  engine: DenoiserEngine,
): TrainingTask {
  const { seed, batchSize } = settings.training;
  const initial = data.init ?? initialParameters(modelLayout(config), seed);
  const { schedule } = modelOf(config, initial);
  const learned = config.schedule.kind === "learned" ? learnedObjective(config) : undefined;
  const C = channelCount(config);
  const sizesOfTrain = sizesOf(data.train);
  const sizes = data.items.map((i) => sizesOfTrain[i]);
  const { largest } = sizeDistribution(config.sizes);
  const objective = { kind: settings.loss, normalizingAtoms: largest };
  const validSize = Math.min(settings.validation.molecules, setSize(data.valid));
  const validIndices = permutation(setSize(data.valid), stream({ seed, purpose: "split" })).slice(
    0,
    validSize,
  );
  const validMolecules = Array.from(validIndices, (i) => moleculeAt(data.valid, i));

  return {
    initialParameters: initial,
    matrices: matrixBlocks(modelLayout(config)),
    ...(engine.updater && { updater: engine.updater }),
    batches: (epoch) => epochBatches(sizes, { batchSize, seed, epoch }),
    lossAndGradient: (parameters, share, gradient) => {
      const { items: indices, epoch } = share;
      const batch = encode(
        config,
        Array.from(indices, (i) => moleculeAt(data.train, data.items[i])),
      );
      hideLabels(batch, settings.condition.dropout, seed, indices, epoch);
      if (settings.augmentation === "rotations") turnMolecules(batch, C, seed, indices, epoch);
      const timeSteps = trainingTimes(settings, schedule, seed, share);
      const noise = moleculeNoise(batch.sizes, C, { seed, purpose: "trainingNoise" }, indices, epoch);
      const guessed = config.network.selfConditioning ? guessedOnes(seed, indices, epoch) : undefined;
      const draws = { timeSteps, noise, ...(guessed && { guessed }) };
      if (learned) return learned.lossAndGradient(parameters, batch, draws, gradient);
      return trainingLoss(config, schedule, objective, engine, parameters, batch, draws, gradient);
    },
    validate: async (parameters, { step, gather, signal }) => {
      const model = modelOf(config, parameters);
      const onProgress = (): void => signal?.throwIfAborted();
      const nll = await gather(validSize, 1, async (first, end) => {
        const options = { seed, first, onProgress };
        return (await likelihoodTerms(model, engine, validMolecules.slice(first, end), options)).sum;
      });
      const figures = { loss: mean(nll), nll: mean(nll), nllSem: standardError(nll) };
      const { samples: count, sampleSteps: steps } = settings.validation;
      if (count === 0) return figures;
      const molecules = await gatherMolecules(gather, count, largest, (first, end) =>
        generate(model, engine, { first, count: end - first, seed, sampler: "churn", steps, onProgress }),
      );
      if (data.samples !== undefined) await keepSamples(data.samples, step, molecules);
      const found = molecules.map((molecule) => stability(molecule, data.rule));
      return {
        ...figures,
        samples: count,
        sampleSteps: steps,
        atomStable: mean(found.map(({ stableAtoms }) => stableAtoms)) / mean(found.map(({ atoms }) => atoms)),
        moleculeStable: mean(found.map(({ stable }) => Number(stable))),
      };
    },
    ...(learned && { dispose: learned.dispose }),
  };
}

/** Molecules that every rank generates a share of, on all ranks. @param largest atoms of the largest there can be */
async function gatherMolecules(
  gather: Gather,
  count: number,
  largest: number,
  made: (first: number, end: number) => AsyncGenerator<readonly Generated[]>,
): Promise<Molecule[]> {
  const width = 4 * largest; // atomic number and position of each atom; number 0: none
  const rows = await gather(count, width, async (first, end) => {
    const values = new Float64Array(width * (end - first));
    for await (const batch of made(first, end))
      for (const { index, molecule } of batch)
        molecule.atomicNumbers.forEach((z, i) => {
          const position = molecule.positions.subarray(3 * i, 3 * i + 3);
          values.set([z, ...position], width * (index - first) + 4 * i);
        });
    return values;
  });
  return Array.from({ length: count }, (_, k) => {
    const own = rows.subarray(width * k, width * (k + 1));
    const atoms = own.filter((value, i) => i % 4 === 0 && value > 0).length;
    return {
      atomicNumbers: Uint8Array.from({ length: atoms }, (__, i) => own[4 * i]),
      positions: own.subarray(0, 4 * atoms).filter((__, i) => i % 4 > 0),
    };
  });
}

/** The molecules that the validation after a step has sampled, as a file of the run. */
async function keepSamples(folder: string, step: number, molecules: readonly Molecule[]): Promise<void> {
  const file = join(folder, `step-${String(step).padStart(6, "0")}.extxyz`);
  await writeMolecules(
    file,
    molecules
      .map((molecule, index) => ({ ...molecule, properties: { step, index } }))
      .filter((molecule) => coordinatesFit(file, molecule)),
  );
}

/** Makes the conditions of some molecules unknown, in place: each with the given probability. */
function hideLabels(
  { context }: EncodedBatch,
  probability: number,
  seed: number,
  indices: Uint32Array,
  epoch: number,
): void {
  if (context === undefined) return;
  const K = context.length / indices.length;
  indices.forEach((index, m) => {
    const random = stream({ seed, purpose: "conditionDropout", index, step: epoch });
    if (random.uniform() < probability) context.fill(0, K * m, K * (m + 1));
  });
}

/** Turns and, half of them, mirrors the molecules of a batch in place. */
export function turnMolecules(
  { xh, offsets }: EncodedBatch,
  channels: number,
  seed: number,
  indices: Uint32Array,
  epoch: number,
): void {
  indices.forEach((index, m) => {
    const random = stream({ seed, purpose: "augmentation", index, step: epoch });
    const R = randomRotation(random);
    const sign = random.uniform() < 0.5 ? -1 : 1;
    for (let row = channels * offsets[m]; row < channels * offsets[m + 1]; row += channels) {
      const [x, y, z] = xh.subarray(row, row + 3);
      for (let d = 0; d < 3; d++) xh[row + d] = sign * (R[3 * d] * x + R[3 * d + 1] * y + R[3 * d + 2] * z);
    }
  });
}

/** Every molecule is shown a guess half of the time, as in Chen, Zhang, Hinton 2023. */
const guessedOnes = (seed: number, indices: Uint32Array, epoch: number): boolean[] =>
  Array.from(
    indices,
    (index) => stream({ seed, purpose: "selfConditioning", index, step: epoch }).uniform() < 0.5,
  );

/** Time step 0 … T of each molecule of a share: independent draws as in the paper, or stratified over the batch. */
export function trainingTimes(
  { timeSampling, levels }: Pick<EdmSettings, "timeSampling" | "levels">,
  schedule: NoiseSchedule,
  seed: number,
  share: BatchShare,
): Int32Array {
  if (timeSampling === "stratified")
    return Int32Array.from(stratifiedShare(share, batchStream(share, seed)), (u) =>
      levelAt(levels, schedule, u),
    );
  return Int32Array.from(share.items, (index) => {
    const random = stream({ seed, purpose: "trainingTime", step: share.epoch, index });
    return levels.kind === "uniform"
      ? random.integer(schedule.steps + 1)
      : levelAt(levels, schedule, random.uniform());
  });
}
