/** Trains a force field or a property network from settings and a data set into a run folder. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { symbolOf } from "../../chem/elements.ts";
import type { Half } from "../../data/halves.ts";
import { type MoleculeSet, setSize } from "../../data/molecule-set.ts";
import { unitOf } from "../../data/qm9-units.ts";
import type { Dataset } from "../../data/store.ts";
import type { AtomwiseEngine } from "../../engines/atomwise-engine.ts";
import { openEngine } from "../../engines/open-engine.ts";
import { InputError } from "../../errors.ts";
import {
  type GeometricModelConfig,
  type NetworkSettings,
  networkOf,
  type OutputConfig,
  type Pooling,
  VECTORS_MISFIT,
  vectorsFit,
} from "../../models/geometric/config.ts";
import { loadGeometric, saveGeometric } from "../../models/geometric/folder.ts";
import { type GeometricConfig, geometricLayout } from "../../nets/geometric.ts";
import { initialParameters, layoutSize } from "../../nets/layers/parameters.ts";
import { dataFacts, type TrainingParts } from "../held-out.ts";
import type { TrainingOutcome, TrainingTask } from "../loop.ts";
import { lastCheckpointOf } from "../run-folder.ts";
import type { TrainingConfig } from "../schema.ts";
import { runTraining, type TrainOptions } from "../training.ts";
import { forceFieldData, propertyData } from "./data.ts";
import { atomReferences, type Labelled, propertyOutput } from "./normalisation.ts";
import type { ForceFieldSettings, PropertySettings } from "./settings.ts";
import { forceFieldTask, type GeometricTask, propertyTask } from "./tasks.ts";

export interface TrainGeometricOptions<S> extends TrainOptions<S> {
  readonly data: Dataset;
  /** Makes the engine that computes the network, in place of the one that the options describe. */
  readonly openEngine?: (config: GeometricConfig) => Promise<AtomwiseEngine>;
}

/** @throws InputError for settings or data that do not fit, WorkError when training breaks off */
export async function trainForceField(
  options: TrainGeometricOptions<ForceFieldSettings>,
): Promise<TrainingOutcome> {
  const { settings, data } = options;
  const parts = forceFieldData(data, {
    unit: settings.unit,
    seed: settings.training.seed,
    maxAtoms: settings.data.maxAtoms,
    onNotice: options.onNotice,
  });
  const { unit } = settings;
  const outputOf = (elements: readonly number[]): OutputConfig => {
    const molecules = compositions(parts.train, "energy", elements);
    const { references, offset } = atomReferences(molecules, elements.length);
    const forces = parts.train.forces as Float64Array;
    const scale = Math.sqrt(forces.reduce((sum, f) => sum + f * f, 0) / forces.length) || 1;
    return {
      property: "energy",
      unit,
      pooling: "sum",
      scale,
      references: references as [number, ...number[]],
      offset,
    };
  };
  return trainGeometric("forcefield", options, parts, outputOf, (task) =>
    forceFieldTask(task, settings.loss),
  );
}

/** @throws InputError for settings or data that do not fit, WorkError when training breaks off */
export async function trainProperty(
  options: TrainGeometricOptions<PropertySettings>,
): Promise<TrainingOutcome> {
  const { settings, data } = options;
  const { property, pooling = poolingOf(property) } = settings;
  const { half, maxAtoms } = settings.data;
  const parts = propertyData(data, property, half, settings.training.seed, maxAtoms);
  const unit = unitOf(data.info, property) ?? "";
  return trainGeometric(
    "property",
    { ...options, half },
    parts,
    (elements) =>
      propertyOutput(property, unit, pooling, compositions(parts.train, property, elements), elements.length),
    (task) => propertyTask(task, settings.loss),
  );
}

const poolingOf = (property: string): Pooling => {
  if (property === "mu") return "dipole";
  if (property === "r2") return "spatial-extent";
  return ["homo", "lumo", "gap", "A", "B", "C"].includes(property) ? "mean" : "sum";
};

function compositions(set: MoleculeSet, property: string, elements: readonly number[]): Labelled[] {
  const index = new Map(elements.map((z, k) => [z, k]));
  return Array.from({ length: setSize(set) }, (_, m) => ({
    species: Array.from(
      set.atomicNumbers.subarray(set.offsets[m], set.offsets[m + 1]),
      (z) => index.get(z) ?? 0,
    ),
    value: set.properties[property][m],
  }));
}

async function trainGeometric<
  S extends { network: NetworkSettings; training: TrainingConfig; validation: { molecules: number } },
>(
  kind: GeometricModelConfig["kind"],
  options: TrainGeometricOptions<S> & { readonly half?: Half },
  parts: TrainingParts,
  outputOf: (elements: readonly number[]) => OutputConfig,
  taskOf: (task: GeometricTask) => TrainingTask,
): Promise<TrainingOutcome> {
  const { settings, data, out, resume = false } = options;
  const { train, valid } = parts;
  const last = lastCheckpointOf(out);
  const before =
    resume && existsSync(join(last, "config.json")) ? (await loadGeometric(last)).config : undefined;
  const found = [...new Set([...train.atomicNumbers, ...valid.atomicNumbers])].sort((a, b) => a - b);
  const elements = (before?.elements ?? found) as [number, ...number[]];
  const config: GeometricModelConfig = {
    kind,
    format: 1,
    network: settings.network,
    output: before?.output ?? outputOf(elements),
    elements,
    provenance: {},
  };
  if (!vectorsFit(config.network, config.output.pooling))
    throw new InputError(`network.vectors: ${VECTORS_MISFIT}`);
  const network = networkOf(config);
  const layout = geometricLayout(network);
  const engine = await (options.openEngine?.(network) ?? openEngine({ atomwise: network }, options));
  const { property, unit } = config.output;
  try {
    return await runTraining(options, {
      data: { ...dataFacts(data, train), ...(options.half && { half: options.half }) },
      parameters: layoutSize(layout),
      ...{ train: setSize(train), valid: setSize(valid), engine: engine.name },
      title: `${network.kind}: ${kind === "forcefield" ? `force field in ${unit}` : `${property} in ${unit}`}`,
      about: `elements ${elements.map(symbolOf).join(" ")}; trained on ${setSize(train).toLocaleString("en")} molecules of \`${data.info.name}\``,
      save: (folder, provenance, values) =>
        saveGeometric(folder, { config: { ...config, provenance }, parameters: values }),
      task: () =>
        taskOf({
          ...{ train, valid, elements, engine },
          output: config.output,
          initial: initialParameters(layout, settings.training.seed),
          training: settings.training,
          validated: settings.validation.molecules,
        }),
    });
  } finally {
    engine.dispose();
  }
}
