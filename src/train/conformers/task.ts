/** Conformers with their graphs: what the training loop needs to know. */
import { type Topology, topologyOf } from "../../chem/topology.ts";
import { epochBatches } from "../../data/batches.ts";
import type { NoiseSchedule } from "../../diffusion/schedule.ts";
import { type Stream, stratified, stream } from "../../math/random.ts";
import { mean } from "../../math/statistics.ts";
import { center } from "../../math/superposition.ts";
import type { GraphChannels } from "../../models/geodiff/channels.ts";
import type { ConformerNetwork } from "../../models/geodiff/network.ts";
import { noisedTargets, noiseLevel } from "../../models/geodiff/objective.ts";
import { initialParameters } from "../../nets/layers/parameters.ts";
import { batchStream, stratifiedShare } from "../batch-share.ts";
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
  initial = initialParameters(network.layout, settings.training.seed),
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

  /** The examples with the noise of their streams, at times in (0, 1). */
  const noised = (examples: readonly Example[], times: Float64Array, streams: readonly Stream[]) => {
    const graphs = examples.map(({ graph }, m) => hidden(graph, settings.data.hiddenCentres, streams[m]));
    const sigma = times.map((t) => noiseLevel(schedule, t));
    const noise = Float64Array.from(
      graphs.flatMap(({ size }, m) => [...center(streams[m].normals(new Float64Array(3 * size)))]),
    );
    const positions = examples.map((one) => one.positions);
    const { parameterisation, network: config } = settings;
    const made = noisedTargets(graphs, positions, noise, sigma, parameterisation, config.dataScale);
    return { input: { graphs, positions: made.noised, sigma }, ...made };
  };
  const chosen = data.valid.slice(0, settings.validation);
  const validTimes = stratified(chosen.length, stream({ seed, purpose: "validationTime" }));

  return {
    initialParameters: initial,
    matrices: matrixBlocks(network.layout),
    batches: (epoch) =>
      epochBatches(sizes, { batchSize, seed, epoch }).flatMap((batch) =>
        cut(batch, Math.max(1, Math.floor(settings.maxPairs / Math.max(...batch.map((i) => sizes[i] ** 2))))),
      ),
    lossAndGradient: (parameters, share, gradient) => {
      const { items, epoch } = share;
      const times = stratifiedShare(share, batchStream(share, seed));
      const examples = Array.from(items, (item) => example(item, epoch));
      const streams = Array.from(items, (index) =>
        stream({ seed, purpose: "trainingNoise", index, step: epoch }),
      );
      const { input, target, weight } = noised(examples, times, streams);
      return network.loss(parameters, input, target, weight, gradient);
    },
    validate: async (parameters, { gather, signal }) => {
      const gradient = new Float32Array(parameters.length);
      const losses = await gather(chosen.length, 1, async (first, end) => {
        const found = new Float64Array(end - first);
        const batches = epochBatches(
          chosen.slice(first, end).map(({ atomicNumbers }) => atomicNumbers.length),
          { batchSize, seed, epoch: 0, maxPadding: 0.2 },
        );
        for (const batch of batches) {
          signal?.throwIfAborted();
          const indices = Array.from(batch, (k) => first + k);
          const examples = indices.map((k) => exampleOf(chosen[k], 0, elements));
          const streams = indices.map((index) => stream({ seed, purpose: "validationNoise", index }));
          const times = Float64Array.from(indices, (k) => validTimes[k]);
          const { input, target, weight } = noised(examples, times, streams);
          const own = await network.loss(parameters, input, target, weight, gradient);
          batch.forEach((k, m) => {
            found[k] = own[m];
          });
        }
        return found;
      });
      return { loss: mean(losses) };
    },
  };
}

/** The graph with some of its centres' signs unknown. */
function hidden(graph: GraphChannels, share: number, random: Stream): GraphChannels {
  return { ...graph, signs: graph.signs.map((sign) => (random.uniform() < share ? 0 : sign)) };
}

const cut = (batch: Uint32Array, most: number): Uint32Array[] =>
  Array.from({ length: Math.ceil(batch.length / most) }, (_, k) => batch.slice(k * most, (k + 1) * most));
