/** Trains a conformer model from geometries and ensembles into a run folder. */
import { join } from "node:path";
import { symbolOf } from "../../chem/elements.ts";
import type { Molecule } from "../../chem/molecule.ts";
import { loadRdkit } from "../../chem/rdkit.ts";
import type { Ensemble } from "../../data/ensembles.ts";
import { setSize } from "../../data/molecule-set.ts";
import type { Dataset } from "../../data/store.ts";
import { loadNativeUpdater } from "../../engines/egnn/native.ts";
import { InputError } from "../../errors.ts";
import { permutation, stream } from "../../math/random.ts";
import type { GeoDiffModelConfig } from "../../models/geodiff/config.ts";
import { saveConformerModel } from "../../models/geodiff/folder.ts";
import { type ConformerModel, scheduleOfConfig } from "../../models/geodiff/model.ts";
import { type ConformerEngine, createConformerNetwork } from "../../models/geodiff/network.ts";
import { layoutSize } from "../../nets/layers/parameters.ts";
import { writeFileAtomically } from "../../platform/node/atomic-write.ts";
import { writeMolecules } from "../../platform/node/molecules.ts";
import { packageVersion } from "../../platform/node/version.ts";
import { threadCount } from "../../platform/worker-shim.ts";
import { withValidation } from "../edm/train.ts";
import type { TrainingEvents, TrainingOutcome } from "../loop.ts";
import { runTraining, type TrainingStart } from "../training.ts";
import { type BondedConformers, bondedEnsembles, bondedMolecules, type DroppedMolecules } from "./data.ts";
import type { ConformerSettings } from "./settings.ts";
import { conformerTask } from "./task.ts";

export interface TrainConformersOptions extends TrainingEvents {
  readonly settings: ConformerSettings;
  /** Single geometries; their bonds are perceived. */
  readonly data: Dataset;
  /** Molecules with bonds and many conformers. */
  readonly ensembles?: readonly Ensemble[];
  readonly out: string;
  readonly resume?: boolean;
  readonly engine?: ConformerEngine;
  /** Starts from the parameters of this model, which has the settings' network. */
  readonly init?: ConformerModel;
  /** What was left out of training and why. */
  readonly onDropped?: (dropped: {
    readonly geometries: DroppedMolecules;
    readonly ensembles: DroppedMolecules;
  }) => void;
  readonly onStart?: (start: TrainingStart) => void;
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
  const valid = bondedMolecules(parts.valid, maxAtoms).molecules;
  const whole = bondedEnsembles(rdkit, options.ensembles ?? [], maxAtoms);
  options.onDropped?.({ geometries: singles.dropped, ensembles: whole.dropped });
  const held = heldOutEnsembles(whole.molecules.length, settings.data.heldOut, seed);
  const ensembles = whole.molecules.filter((_, k) => !held.has(k));
  if (singles.molecules.length + ensembles.length === 0 || valid.length === 0)
    throw new InputError(`data set "${data.info.name}" has no molecule with a consistent graph`);
  const found = new Set(
    [...singles.molecules, ...ensembles].flatMap(({ atomicNumbers }) => [...atomicNumbers]),
  );
  const elements = init?.config.elements ?? [...found].sort((a, b) => a - b);
  const strange = [...found].filter((z) => !elements.includes(z));
  if (strange.length > 0)
    throw new InputError(`the model to start from does not know ${strange.map(symbolOf).join(", ")}`);
  const config: GeoDiffModelConfig = {
    kind: "conformers",
    format: 1,
    network: settings.network,
    schedule: settings.schedule,
    parameterisation: settings.parameterisation,
    elements: elements as [number, ...number[]],
    provenance: {},
  };
  const known = (molecule: { readonly atomicNumbers: Uint8Array }): boolean =>
    molecule.atomicNumbers.every((z) => elements.includes(z));
  const network = await createConformerNetwork(config, { engine: options.engine });
  const native = loadNativeUpdater({ threads: threadCount() });
  const parameters = layoutSize(network.layout);
  if (init && init.parameters.length !== parameters)
    throw new InputError("the model to start from has another network; give its settings of network");
  try {
    return await runTraining({
      ...options,
      data: data.info,
      facts: {
        parameters,
        train: singles.molecules.length + settings.data.perEnsemble * ensembles.length,
        valid: valid.length,
        engine: network.name,
      },
      writeModel: async (folder, values, progress) => {
        const provenance = {
          equimol: packageVersion(),
          data: { name: data.info.name, molecules: setSize(parts.train), sha256: data.info.sha256 },
          ensembles: { molecules: ensembles.length, heldOut: held.size },
          dropped: { geometries: { ...singles.dropped }, ensembles: { ...whole.dropped } },
          engine: network.name,
          ...progress,
        };
        await saveConformerModel(folder, { ...config, provenance }, values);
        await writeFileAtomically(join(folder, "README.md"), checkpointCard(config, parameters, progress));
      },
      task: async ({ path }) => {
        const out = whole.molecules.filter((_, k) => held.has(k));
        if (out.length > 0) await writeMolecules(join(path, HELD_OUT), recordsOf(out));
        return conformerTask(
          settings,
          { singles: singles.molecules, ensembles, valid: valid.filter(known) },
          elements,
          scheduleOfConfig(config),
          network,
          { initial: init?.parameters, updater: native?.updater },
        );
      },
    });
  } finally {
    network.dispose();
    native?.dispose();
  }
}

/** A model card that says what is known while training goes on. */
function checkpointCard(
  { network, elements }: GeoDiffModelConfig,
  parameters: number,
  progress: Readonly<Record<string, number>>,
): string {
  return [
    `# Conformers, ${network.localLayers} + ${network.globalLayers} interactions × ${network.hidden}`,
    "",
    `${parameters.toLocaleString("en")} parameters; elements ${elements.map(symbolOf).join(" ")}.`,
    "",
    "| | |",
    "|---|---|",
    ...Object.entries(progress).map(([key, value]) => `| ${key} | ${value} |`),
    "",
  ].join("\n");
}
