/** Trains a model of a coarse-grained molecule from settings and a data set into a run folder. */
import { symbolOf } from "../../chem/elements.ts";
import { setSize } from "../../data/molecule-set.ts";
import type { Dataset } from "../../data/store.ts";
import { beadNetworkConfig, type CgConfig } from "../../models/cg/config.ts";
import { saveCg } from "../../models/cg/folder.ts";
import { commonBeads, frameStatistics } from "../../models/cg/frames.ts";
import { cgLayout } from "../../models/cg/model.ts";
import { cgObjective } from "../../models/cg/objective.ts";
import { layoutSize } from "../../nets/layers/parameters.ts";
import { prepareRuntime } from "../../platform/prepare.ts";
import { dataFacts, withValidation } from "../held-out.ts";
import type { TrainingOutcome } from "../loop.ts";
import { runTraining, type TrainOptions } from "../training.ts";
import type { CgSettings } from "./settings.ts";
import { cgTask } from "./task.ts";

export interface TrainCgOptions extends TrainOptions<CgSettings> {
  readonly data: Dataset;
}

/** @throws InputError for settings or data that do not fit, WorkError when training breaks off */
export async function trainCg(options: TrainCgOptions): Promise<TrainingOutcome> {
  const { settings, data } = options;
  const { train, valid } = withValidation(data, settings.training.seed);
  const beads = commonBeads(train, data.info.name);
  commonBeads(valid, data.info.name, beads);
  const config: CgConfig = {
    kind: "cg",
    format: 1,
    network: settings.network,
    schedule: settings.schedule,
    beads: [...beads],
    ...frameStatistics(train.positions, beads.length),
    temperature: settings.temperature,
    forceNoise: settings.forceNoise,
    provenance: {},
  };
  await prepareRuntime("cpu");
  const objective = await cgObjective(beadNetworkConfig(config), options);
  const { kind, hidden, layers, conservative } = config.network;
  try {
    return await runTraining(options, {
      data: dataFacts(data, train),
      parameters: layoutSize(cgLayout(config)),
      ...{ train: setSize(train), valid: setSize(valid), engine: objective.engine },
      title: `Coarse-grained denoiser, ${kind} ${layers} × ${hidden}, ${conservative ? "with" : "without"} energy conservation`,
      about: `beads ${beads.map(symbolOf).join(" ")}; trained on ${setSize(train).toLocaleString("en")} frames of \`${data.info.name}\` at ${config.temperature} K`,
      nativeUpdates: true,
      save: (folder, provenance, values) => saveCg(folder, { ...config, provenance }, values),
      task: () => cgTask(config, settings, { train: train.positions, valid: valid.positions }, objective),
    });
  } finally {
    objective.dispose();
  }
}
