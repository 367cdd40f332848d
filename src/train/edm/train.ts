/** Trains an EDM from settings and a data set into a run folder. */
import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { symbolOf } from "../../chem/elements.ts";
import { sizeHistogram } from "../../data/dataset-info.ts";
import { type MoleculeSet, moleculesOf, setSize } from "../../data/molecule-set.ts";
import type { Dataset } from "../../data/store.ts";
import type { DenoiserEngine } from "../../engines/engine.ts";
import { openEngine } from "../../engines/open-engine.ts";
import { InputError } from "../../errors.ts";
import { dynamicsConfig, type EdmConfig } from "../../models/edm/config.ts";
import { haveEvenElectrons } from "../../models/edm/electrons.ts";
import { readEdmConfig, saveEdm } from "../../models/edm/folder.ts";
import { bondRuleOf, type EdmModel, modelLayout } from "../../models/edm/model.ts";
import { widenedParameters } from "../../models/edm/widen.ts";
import type { DynamicsConfig } from "../../nets/egnn/dynamics-layout.ts";
import { layoutSize } from "../../nets/layers/parameters.ts";
import { prepareRuntime } from "../../platform/prepare.ts";
import { dataFacts, type TrainingParts, upToSize, withValidation } from "../held-out.ts";
import type { TrainingOutcome } from "../loop.ts";
import { lastCheckpointOf } from "../run-folder.ts";
import { runTraining, type TrainOptions } from "../training.ts";
import { conditionOf, generatorsPart, labelledByAll, trainingItems } from "./conditional-data.ts";
import { withPredictedLabels } from "./labeller.ts";
import type { EdmSettings } from "./settings.ts";
import { edmTask } from "./task.ts";

export interface TrainEdmOptions extends TrainOptions<EdmSettings> {
  readonly data: Dataset;
  /**
   * Starts from the parameters of this model; settings of network, schedule and features must be its own. An
   * unconditional model becomes the start of a conditional one by input channels with weights of zero.
   */
  readonly init?: EdmModel;
  /** Makes the engine that computes the network, in place of the one that the options describe. */
  readonly openEngine?: (config: DynamicsConfig) => Promise<DenoiserEngine>;
}

/** Both parts without their molecules of more than `maxAtoms` atoms. @throws InputError where nothing is left */
function partsUpToSize({ train, valid }: TrainingParts, maxAtoms: number | undefined): TrainingParts {
  const kept = { train: upToSize(train, maxAtoms), valid: upToSize(valid, maxAtoms) };
  if (setSize(kept.train) === 0 || setSize(kept.valid) === 0)
    throw new InputError(`no molecule has at most data.maxAtoms = ${maxAtoms} atoms`);
  return kept;
}

/** @throws InputError for settings or data that do not fit, WorkError when training breaks off */
export async function trainEdm(options: TrainEdmOptions): Promise<TrainingOutcome> {
  const { settings, data, out, resume = false, init } = options;
  const parts = withValidation(data, settings.training.seed);
  const generators = { ...parts, train: generatorsPart(parts.train, settings.condition, data.info.name) };
  const { train, valid } = partsUpToSize(generators, settings.data.maxAtoms);
  if (settings.schedule.kind === "learned" && settings.loss !== "vlb")
    throw new InputError("a learned schedule is trained by the bound alone: set loss to vlb");
  if (settings.levels.kind !== "uniform" && settings.loss === "vlb")
    throw new InputError(
      "the bound is a sum over all times alike: with loss vlb leave levels uniform (levels.kind: uniform)",
    );
  const found = [...new Set([...train.atomicNumbers, ...valid.atomicNumbers])].sort((a, b) => a - b);
  if (init) checkInit(init.config, settings, found);
  const before = init?.config ?? (resume ? await configOfRun(out) : undefined);
  const elements = before?.elements ?? found;
  const start = init ? provenanceOf(init.config) : before?.provenance.init;
  const config: EdmConfig = {
    kind: "edm",
    format: 1,
    network: settings.network,
    schedule: settings.schedule,
    features: settings.features,
    elements: elements as [number, ...number[]],
    sizes: sizeHistogram(train),
    ...(haveEvenElectrons(moleculesOf(train)) && { electrons: "even" as const }),
    ...(settings.condition.properties.length > 0 && {
      condition: conditionOf(train, settings.condition, data.info, init?.config.condition),
    }),
    // How it is best sampled was measured for the model before; the best that is known.
    ...(before?.sampling && { sampling: before.sampling }),
    ...(before?.qualities && { qualities: before.qualities }),
    provenance: {},
  };
  const items = trainingItems(train, settings.condition);
  const labels = await withPredictedLabels(train, settings.condition, {
    ...(options.onNotice && { onNotice: options.onNotice }),
  });
  const rule = bondRuleOf(config);
  // The objective of a learned schedule is computed by jax-js whatever the engine.
  if (settings.schedule.kind === "learned") await prepareRuntime("cpu");
  const network = dynamicsConfig(config);
  const engine = await (options.openEngine?.(network) ?? openEngine({ denoiser: network }, options));
  try {
    return await runTraining(options, {
      data: dataFacts(data, train),
      provenance: {
        ...(config.condition && { condition: conditionFacts(train, settings) }),
        ...(start && { init: start }),
      },
      parameters: layoutSize(modelLayout(config)),
      ...{ train: setSize(train), valid: setSize(valid), engine: engine.name },
      title: `EDM, ${config.network.kind} ${config.network.layers} × ${config.network.hidden}`,
      about: `elements ${elements.map(symbolOf).join(" ")}; trained on ${setSize(train).toLocaleString("en")} molecules of \`${data.info.name}\``,
      save: (folder, provenance, values) => saveEdm(folder, { ...config, provenance }, values),
      task: (run) => {
        const first = init && { init: widenedParameters(init, config, settings.training.seed) };
        const known = { train: labels, valid, items, rule, ...(run && { samples: run.samples }), ...first };
        return edmTask(config, settings, known, engine);
      },
    });
  } finally {
    engine.dispose();
  }
}

/** Parts of a network that may be larger, or there, where the model that training starts from has them smaller or not. */
const GROWING: readonly string[] = ["hidden", "layers", "selfConditioning"];

/** The model that training starts from has the settings' network, or a smaller one, and knows the data's elements. */
function checkInit(config: EdmConfig, settings: EdmSettings, elements: readonly number[]): void {
  for (const part of ["network", "schedule", "features"] as const) {
    const [own, wanted]: Readonly<Record<string, unknown>>[] = [config[part], settings[part]];
    const grows = (name: string): boolean =>
      part === "network" &&
      config.network.kind === "egnn" &&
      GROWING.includes(name) &&
      !(name === "selfConditioning" && config.condition) && // the guess's channels lie before those of a condition
      Number(wanted[name]) > Number(own[name]);
    const key = Object.keys(own).find(
      (name) => JSON.stringify(own[name]) !== JSON.stringify(wanted[name]) && !grows(name),
    );
    if (key !== undefined)
      throw new InputError(
        `the model to start from has ${part}.${key} = ${JSON.stringify(own[key])}, the settings ${JSON.stringify(wanted[key])}; they must agree`,
      );
  }
  const conditions = (config.condition?.properties ?? []).map(({ name }) => name);
  if (conditions.length > 0 && settings.condition.properties.length === 0)
    throw new InputError(
      `the model to start from is conditioned on ${conditions.join(", ")}, the settings on nothing; set condition.properties to [${conditions.join(", ")}]`,
    );
  const strange = elements.filter((element) => !config.elements.includes(element));
  if (strange.length > 0)
    throw new InputError(
      `the data has ${strange.map(symbolOf).join(", ")}, which the model to start from does not know (${config.elements.map(symbolOf).join(" ")})`,
    );
}

/** Which labels a conditional model has seen: an evaluation must judge it by those of the other half. */
const conditionFacts = (train: MoleculeSet, { condition }: EdmSettings) => ({
  half: condition.half,
  labelled: labelledByAll(train, condition.properties).length,
  repeat: condition.repeat,
  dropout: condition.dropout,
  ...(condition.labeller === undefined ? {} : { labeller: basename(resolve(condition.labeller)) }),
});

/** What the model that training started from had seen. */
function provenanceOf({ provenance }: EdmConfig): EdmConfig["provenance"] {
  const { data, steps, molecules, init } = provenance;
  return JSON.parse(JSON.stringify({ data, steps, molecules, init }));
}

/** The configuration of a run's last checkpoint; undefined where it ended before that was whole. */
const configOfRun = async (run: string): Promise<EdmConfig | undefined> =>
  existsSync(join(lastCheckpointOf(run), "config.json")) ? readEdmConfig(lastCheckpointOf(run)) : undefined;
