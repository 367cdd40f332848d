/** Distils an EDM into a generator of few steps, into a run folder. */
import { join } from "node:path";
import type { DenoiserEngine } from "../../engines/engine.ts";
import { InputError } from "../../errors.ts";
import { dynamicsConfig, type EdmConfig } from "../../models/edm/config.ts";
import { saveEdm } from "../../models/edm/folder.ts";
import type { EdmModel } from "../../models/edm/model.ts";
import type { DynamicsConfig } from "../../nets/egnn/dynamics-layout.ts";
import { writeFileAtomically } from "../../platform/node/atomic-write.ts";
import { packageVersion } from "../../platform/node/version.ts";
import type { TrainingEvents, TrainingOutcome } from "../loop.ts";
import { runTraining, type TrainingStart } from "../training.ts";
import type { DistillSettings } from "./distill-settings.ts";
import { distillTask } from "./distill-task.ts";

export interface DistillOptions extends TrainingEvents {
  readonly settings: DistillSettings;
  readonly teacher: EdmModel;
  /** How the teacher is called. */
  readonly name: string;
  readonly out: string;
  readonly resume?: boolean;
  readonly openEngine: (config: DynamicsConfig) => Promise<DenoiserEngine>;
  readonly onStart?: (start: TrainingStart) => void;
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
  const engine = await options.openEngine(dynamicsConfig(config));
  try {
    return await runTraining({
      ...options,
      data: {
        name,
        sha256: String((config.provenance.data as { sha256?: string } | undefined)?.sha256 ?? ""),
      },
      facts: {
        parameters: 2 * teacher.network.length,
        train: settings.epochMolecules,
        valid: settings.validation.samples,
        engine: engine.name,
      },
      writeModel: async (folder, values, progress) => {
        const provenance = {
          equimol: packageVersion(),
          data: config.provenance.data ?? { name: "unknown", molecules: 0, sha256: "" },
          engine: engine.name,
          teacher: { name, ...(config.provenance as object) },
          ...progress,
        };
        const own = JSON.parse(JSON.stringify({ ...student, provenance })) as EdmConfig;
        await saveEdm(folder, own, values.slice(0, teacher.network.length));
        await writeFileAtomically(
          join(folder, "README.md"),
          `# ${name}, distilled\n\nMakes a molecule in ${steps} evaluations of the network (docs/distillation.md).\n`,
        );
      },
      task: () => distillTask(teacher, settings, engine),
    });
  } finally {
    engine.dispose();
  }
}
