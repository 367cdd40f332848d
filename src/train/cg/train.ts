/** Trains a model of a coarse-grained molecule from settings and a data set into a run folder. */
import { join } from "node:path";
import { symbolOf } from "../../chem/elements.ts";
import { setSize } from "../../data/molecule-set.ts";
import type { Dataset } from "../../data/store.ts";
import { loadNativeUpdater } from "../../engines/egnn/native.ts";
import { beadNetworkConfig, type CgConfig } from "../../models/cg/config.ts";
import { openBeadFields } from "../../models/cg/field.ts";
import { saveCg } from "../../models/cg/folder.ts";
import { commonBeads, frameStatistics } from "../../models/cg/frames.ts";
import { cgLayout } from "../../models/cg/model.ts";
import { layoutSize } from "../../nets/layers/parameters.ts";
import { writeFileAtomically } from "../../platform/node/atomic-write.ts";
import { packageVersion } from "../../platform/node/version.ts";
import { prepareRuntime } from "../../platform/prepare.ts";
import { threadCount } from "../../platform/worker-shim.ts";
import { withValidation } from "../edm/train.ts";
import type { TrainingEvents, TrainingOutcome } from "../loop.ts";
import { runTraining, type TrainingStart } from "../training.ts";
import type { CgSettings } from "./settings.ts";
import { type CgTask, cgTask } from "./task.ts";

export interface TrainCgOptions extends TrainingEvents {
  readonly settings: CgSettings;
  readonly data: Dataset;
  readonly out: string;
  readonly resume?: boolean;
  readonly onStart?: (start: TrainingStart) => void;
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
  const { device } = await prepareRuntime("cpu");
  const compiled = config.network.kind === "painn" && config.network.conservative;
  const fields = compiled ? await openBeadFields(beadNetworkConfig(config)) : undefined;
  const engine = fields?.engine ?? `jax (${device})`;
  fields?.dispose();
  const native = loadNativeUpdater({ threads: threadCount() });
  const parameters = layoutSize(cgLayout(config));
  let task: CgTask | undefined;
  try {
    return await runTraining({
      ...options,
      data: data.info,
      facts: { parameters, train: setSize(train), valid: setSize(valid), engine },
      writeModel: async (folder, values, progress) => {
        const provenance = {
          equimol: packageVersion(),
          data: { name: data.info.name, molecules: setSize(train), sha256: data.info.sha256 },
          engine,
          ...progress,
        };
        await saveCg(folder, { ...config, provenance }, values);
        await writeFileAtomically(join(folder, "README.md"), checkpointCard(config, parameters, provenance));
      },
      task: async () => {
        const positions = { train: train.positions, valid: valid.positions };
        task = await cgTask(config, settings, { ...positions, updater: native?.updater });
        return task;
      },
    });
  } finally {
    task?.dispose();
    native?.dispose();
  }
}

/** A model card that says what is known while training goes on. */
function checkpointCard(
  config: CgConfig,
  parameters: number,
  provenance: Readonly<Record<string, unknown>>,
): string {
  const { kind, hidden, layers, conservative } = config.network;
  const data = provenance.data as { readonly name: string; readonly molecules: number };
  return [
    `# Coarse-grained denoiser, ${kind} ${layers} × ${hidden}, ${conservative ? "with" : "without"} energy conservation`,
    "",
    `${parameters.toLocaleString("en")} parameters; beads ${config.beads.map(symbolOf).join(" ")}; trained on ${data.molecules.toLocaleString("en")} frames of \`${data.name}\` at ${config.temperature} K.`,
    "",
    "| | |",
    "|---|---|",
    ...["steps", "epochs", "molecules", "seconds", "engine", "equimol"].map(
      (key) => `| ${key} | ${String(provenance[key])} |`,
    ),
    "",
  ].join("\n");
}
