/** Conformers with their graphs: what the training loop needs to know. */
import { type Topology, topologyOf } from "../../chem/topology.ts";
import { epochBatches } from "../../data/batches.ts";
import type { NoiseSchedule } from "../../diffusion/schedule.ts";
import type { ParameterUpdater } from "../../engines/update.ts";
import { permutation, stream } from "../../math/random.ts";
import { center } from "../../math/superposition.ts";
import type { GraphChannels } from "../../models/geodiff/channels.ts";
import type { ConformerNetwork } from "../../models/geodiff/network.ts";
import { noisedTargets, noiseLevel } from "../../models/geodiff/objective.ts";
import { initialParameters } from "../../nets/layers/parameters.ts";
import type { TrainingTask } from "../loop.ts";
import { matrixBlocks } from "../muon.ts";
import { type BondedConformers, type Example, exampleOf } from "./data.ts";
import type { ConformerSettings } from "./settings.ts";

export interface ConformerData {
  readonly singles: readonly BondedConformers[];
  readonly ensembles: readonly BondedConformers[];
  readonly valid: readonly BondedConformers[];
}

export function conformerTask(
  settings: ConformerSettings,
  data: ConformerData,
  elements: readonly number[],
  schedule: NoiseSchedule,
  network: ConformerNetwork,
  {
    initial = initialParameters(network.layout, settings.training.seed),
    updater,
  }: { readonly initial?: Float32Array | undefined; readonly updater?: ParameterUpdater | undefined } = {},
): TrainingTask {
  const { seed, batchSize } = settings.training;
  const { perEnsemble } = settings.data;
  const singles = data.singles.length;
  const items = singles + perEnsemble * data.ensembles.length;
  const moleculeOf = (item: number): BondedConformers =>
    item < singles ? data.singles[item] : data.ensembles[Math.floor((item - singles) / perEnsemble)];
  const sizes = Uint32Array.from({ length: items }, (_, item) => moleculeOf(item).atomicNumbers.length);
  const cache = new Map<number, Example>();
  const topologies = new Map<BondedConformers, Topology>();
  /** A single geometry, or the conformer of an ensemble that falls to this item in this epoch. */
  const example = (item: number, epoch: number): Example => {
    if (item >= singles) {
      const molecule = moleculeOf(item);
      const random = stream({ seed, purpose: "dataset", index: item, step: epoch });
      const topology = topologies.get(molecule) ?? topologyOf(molecule);
      topologies.set(molecule, topology);
      return exampleOf(molecule, random.integer(molecule.conformers.length), elements, topology);
    }
    const known = cache.get(item);
    if (known) return known;
    const made = exampleOf(moleculeOf(item), 0, elements);
    cache.set(item, made);
    return made;
  };

  const noised = (examples: readonly Example[], times: Float64Array, random: ReturnType<typeof stream>) => {
    const graphs = examples.map(({ graph }) => hidden(graph, settings.data.hiddenCentres, random));
    const sigma = times.map((t) => noiseLevel(schedule, t));
    const noise = Float64Array.from(
      graphs.flatMap(({ size }) => [...center(random.normals(new Float64Array(3 * size)))]),
    );
    const positions = examples.map((one) => one.positions);
    const { parameterisation, network: config } = settings;
    const made = noisedTargets(graphs, positions, noise, sigma, parameterisation, config.dataScale);
    return { input: { graphs, positions: made.noised, sigma }, ...made };
  };

  return {
    initialParameters: initial,
    matrices: matrixBlocks(network.layout),
    ...(updater && { updater }),
    batches: (epoch) =>
      epochBatches(sizes, { batchSize, seed, epoch }).flatMap((batch) =>
        cut(batch, Math.max(1, Math.floor(settings.maxPairs / Math.max(...batch.map((i) => sizes[i] ** 2))))),
      ),
    lossAndGradient: (parameters, batch, epoch, gradient) => {
      const random = stream({ seed, purpose: "trainingNoise", index: batch[0], step: epoch });
      const times = stratified(batch.length, random);
      const examples = Array.from(batch, (item) => example(item, epoch));
      const { input, target, weight } = noised(examples, times, random);
      return network.loss(parameters, input, target, weight, gradient);
    },
    validate: async (parameters, _, signal) => {
      const gradient = new Float32Array(parameters.length);
      const chosen = data.valid.slice(0, settings.validation);
      const batches = epochBatches(
        chosen.map(({ atomicNumbers }) => atomicNumbers.length),
        { batchSize, seed, epoch: 0, maxPadding: 0.2 },
      );
      let sum = 0;
      for (const batch of batches) {
        signal?.throwIfAborted();
        const random = stream({ seed, purpose: "validationNoise", index: batch[0] });
        const examples = Array.from(batch, (k) => exampleOf(chosen[k], 0, elements));
        const { input, target, weight } = noised(examples, stratified(examples.length, random), random);
        const losses = await network.loss(parameters, input, target, weight, gradient);
        sum += losses.reduce((total, loss) => total + loss, 0);
      }
      return { loss: sum / chosen.length };
    },
  };
}

/** Times in (0, 1), one from each of equal strata (Kingma et al. 2021, appendix I.1). */
function stratified(count: number, random: ReturnType<typeof stream>): Float64Array {
  const stratum = permutation(count, random);
  return Float64Array.from(stratum, (k) => (k + random.uniform()) / count);
}

/** The graph with some of its centres' signs unknown. */
function hidden(graph: GraphChannels, share: number, random: ReturnType<typeof stream>): GraphChannels {
  return { ...graph, signs: graph.signs.map((sign) => (random.uniform() < share ? 0 : sign)) };
}

const cut = (batch: Uint32Array, most: number): Uint32Array[] =>
  Array.from({ length: Math.ceil(batch.length / most) }, (_, k) => batch.slice(k * most, (k + 1) * most));
