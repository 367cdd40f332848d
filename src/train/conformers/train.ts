/** Trains a conformer model from geometries and ensembles into a run folder. */
import { join } from "node:path";
import { symbolOf } from "../../chem/elements.ts";
import type { Molecule } from "../../chem/molecule.ts";
import { loadRdkit } from "../../chem/rdkit.ts";
import type { Ensemble } from "../../data/ensembles.ts";
import type { Dataset } from "../../data/store.ts";
import { InputError } from "../../errors.ts";
import { permutation, stream } from "../../math/random.ts";
import type { GeoDiffModelConfig } from "../../models/geodiff/config.ts";
import { saveConformerModel } from "../../models/geodiff/folder.ts";
import { type ConformerModel, scheduleOfConfig } from "../../models/geodiff/model.ts";
import { createConformerNetwork } from "../../models/geodiff/network.ts";
import { layoutSize } from "../../nets/layers/parameters.ts";
import { writeMolecules } from "../../platform/node/molecules.ts";
import { dataFacts, withValidation } from "../held-out.ts";
import type { TrainingOutcome } from "../loop.ts";
import { runTraining, type TrainOptions } from "../training.ts";
import { type BondedConformers, bondedEnsembles, bondedMolecules, type DroppedMolecules } from "./data.ts";
import type { ConformerSettings } from "./settings.ts";
import { conformerTask } from "./task.ts";

export interface TrainConformersOptions extends TrainOptions<ConformerSettings> {
  /** Single geometries; their bonds are perceived. */
  readonly data: Dataset;
  /** Molecules with bonds and many conformers. */
  readonly ensembles?: readonly Ensemble[];
  /** Starts from the parameters of this model, which has the settings' network. */
  readonly init?: ConformerModel;
  /** What was left out of training and why. */
  readonly onDropped?: (dropped: {
    readonly geometries: DroppedMolecules;
    readonly ensembles: DroppedMolecules;
  }) => void;
}

/** Indices of the ensembles that are held out: a function of the seed and their number. */
export function heldOutEnsembles(count: number, share: number, seed: number): Set<number> {
  const order = permutation(count, stream({ seed, purpose: "split" }));
  return new Set(order.slice(0, Math.round(share * count)));
}

/** File in the run folder with the ensembles that training does not see, for `equimol evaluate conformers`. */
export const HELD_OUT = "held-out.sdf";

/** Conformers of one ensemble after the other. */
function* recordsOf(
  ensembles: readonly (BondedConformers & { readonly name: string })[],
): Generator<Molecule> {
  for (const { name, atomicNumbers, bonds, formalCharges, conformers } of ensembles) {
    for (const [k, positions] of conformers.entries()) {
      const charges = formalCharges && { formalCharges };
      yield { name: `${name} conformer ${k}`, atomicNumbers, bonds, positions, ...charges };
    }
  }
}

/** @throws InputError for settings or data that do not fit, WorkError when training breaks off */
export async function trainConformers(options: TrainConformersOptions): Promise<TrainingOutcome> {
  const { settings, data, init } = options;
  const { seed } = settings.training;
  const rdkit = await loadRdkit();
  const parts = withValidation(data, seed);
  const { maxAtoms } = settings.data;
  const singles = bondedMolecules(parts.train, maxAtoms);
  const whole = bondedEnsembles(rdkit, options.ensembles ?? [], maxAtoms);
  options.onDropped?.({ geometries: singles.dropped, ensembles: whole.dropped });
  const held = heldOutEnsembles(whole.molecules.length, settings.data.heldOut, seed);
  const ensembles = whole.molecules.filter((_, k) => !held.has(k));
  const found = new Set(
    [...singles.molecules, ...ensembles].flatMap(({ atomicNumbers }) => [...atomicNumbers]),
  );
  const elements = init?.config.elements ?? [...found].sort((a, b) => a - b);
  const strange = [...found].filter((z) => !elements.includes(z));
  if (strange.length > 0)
    throw new InputError(`the model to start from does not know ${strange.map(symbolOf).join(", ")}`);
  const valid = bondedMolecules(parts.valid, maxAtoms).molecules.filter(({ atomicNumbers }) =>
    atomicNumbers.every((z) => elements.includes(z)),
  );
  if (found.size === 0 || valid.length === 0)
    throw new InputError(`data set "${data.info.name}" has no molecule with a consistent graph`);
  const config: GeoDiffModelConfig = {
    kind: "conformers",
    format: 1,
    network: settings.network,
    schedule: settings.schedule,
    parameterisation: settings.parameterisation,
    elements: elements as [number, ...number[]],
    provenance: {},
  };
  const network = await createConformerNetwork(config, options);
  try {
    const parameters = layoutSize(network.layout);
    if (init && init.parameters.length !== parameters)
      throw new InputError("the model to start from has another network; give its settings of network");
    return await runTraining(options, {
      data: dataFacts(data, parts.train),
      provenance: {
        ensembles: { molecules: ensembles.length, heldOut: held.size },
        dropped: { geometries: singles.dropped, ensembles: whole.dropped },
      },
      parameters,
      train: singles.molecules.length + settings.data.perEnsemble * ensembles.length,
      ...{ valid: valid.length, engine: network.name },
      title: `Conformers, ${settings.network.localLayers} + ${settings.network.globalLayers} interactions × ${settings.network.hidden}`,
      about: `elements ${elements.map(symbolOf).join(" ")}`,
      nativeUpdates: true,
      save: (folder, provenance, values) => saveConformerModel(folder, { ...config, provenance }, values),
      task: async (run) => {
        const out = whole.molecules.filter((_, k) => held.has(k));
        if (run && out.length > 0) await writeMolecules(join(run.path, HELD_OUT), recordsOf(out));
        const known = { singles: singles.molecules, ensembles, valid };
        return conformerTask(settings, known, elements, scheduleOfConfig(config), network, init?.parameters);
      },
    });
  } finally {
    network.dispose();
  }
}
