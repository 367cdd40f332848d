/** Distils an EDM into a generator of few steps, into a run folder. */
import type { DenoiserEngine } from "../../engines/engine.ts";
import { openEngine } from "../../engines/open-engine.ts";
import { InputError } from "../../errors.ts";
import { dynamicsConfig, type EdmConfig } from "../../models/edm/config.ts";
import { saveEdm } from "../../models/edm/folder.ts";
import type { EdmModel } from "../../models/edm/model.ts";
import type { DynamicsConfig } from "../../nets/egnn/dynamics-layout.ts";
import type { TrainingOutcome } from "../loop.ts";
import { runTraining, type TrainOptions } from "../training.ts";
import type { DistillSettings } from "./distill-settings.ts";
import { distillTask } from "./distill-task.ts";

export interface DistillOptions extends TrainOptions<DistillSettings> {
  readonly teacher: EdmModel;
  /** How the teacher is called. */
  readonly name: string;
  /** Makes the engine that computes the network, in place of the one that the options describe. */
  readonly openEngine?: (config: DynamicsConfig) => Promise<DenoiserEngine>;
}

/** @throws InputError for a teacher that cannot be distilled, WorkError when training breaks off */
export async function distillEdm(options: DistillOptions): Promise<TrainingOutcome> {
  const { settings, teacher, name } = options;
  const { config } = teacher;
  if (config.schedule.kind === "learned" || config.condition !== undefined)
    throw new InputError("only unconditional models with a fixed schedule can be distilled");
  if (config.network.selfConditioning)
    throw new InputError(
      "models with self-conditioning cannot be distilled: a generator of few steps has no guess before",
    );
  const { steps, sigmaMax, spread } = settings;
  const student: EdmConfig = {
    ...config,
    sampling: { sampler: "renoise", steps, sigmaMax, spread, temperature: 1 },
    qualities: undefined,
  };
  const known = config.provenance.data as { readonly name?: string; readonly sha256?: string } | undefined;
  const network = dynamicsConfig(config);
  const engine = await (options.openEngine?.(network) ?? openEngine({ denoiser: network }, options));
  try {
    return await runTraining(options, {
      data: { name: "unknown", molecules: 0, sha256: "", ...known },
      provenance: { teacher: { name, ...config.provenance } },
      parameters: 2 * teacher.network.length,
      ...{ train: settings.epochMolecules, valid: settings.validation.samples, engine: engine.name },
      title: `${name}, distilled`,
      about: `makes a molecule in ${steps} evaluations of the network (docs/distillation.md)`,
      save: (folder, provenance, values) => {
        const own = JSON.parse(JSON.stringify({ ...student, provenance })) as EdmConfig;
        return saveEdm(folder, own, values.slice(0, teacher.network.length));
      },
      task: () => distillTask(teacher, settings, engine),
    });
  } finally {
    engine.dispose();
  }
}
