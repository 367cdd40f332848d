/** `equimol lab train MODEL --data DATA`: trains a model of the lab, measures it and draws its picture. */
import { existsSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { InputError } from "../../errors.ts";
import { loadLabData, shapeKindOf } from "../../lab/data/catalog.ts";
import { labKind } from "../../lab/models/kinds.ts";
import { loadLabModel } from "../../lab/models/lab-folder.ts";
import { labPreset, labSettingsSchema } from "../../lab/train/settings.ts";
import { trainLab } from "../../lab/train/train.ts";
import { findModel } from "../../models/edm/folder.ts";
import { supervised, type TrainingReport, trainingSettings } from "../../workflows/node/training.ts";
import { commonOptions, threadsOption } from "../options/options.ts";
import { program, quoted } from "../program.ts";
import { runTraining, trainingArgs, trainingOptions } from "../train/training-run.ts";
import { defineVerb } from "../verb.ts";
import { evaluationText, measureAndDraw, measureArgs, measureOptions } from "./lab-run.ts";

export const labTrain = defineVerb({
  meta: { name: "train", description: "Train a model of the lab, measure it and draw its picture." },
  args: {
    model: { type: "positional", required: true, description: "a model of `equimol lab list`" },
    data: {
      type: "string",
      default: "two-moons",
      valueHint: "NAME|FILE",
      description: "data of `equimol lab list`, or a file of points",
    },
    preset: {
      type: "string",
      valueHint: "NAME",
      description:
        "a recipe of the model's page in place of the starting settings, such as reference of ddpm",
    },
    ...trainingArgs,
    out: {
      type: "string",
      valueHint: "RUN",
      description: "folder of the run (runs/lab/MODEL-DATA, with a number where that is taken)",
    },
    ...measureArgs,
    ...threadsOption,
    ...commonOptions,
  },
  repeatable: ["set"],
  examples: [
    { command: "equimol lab train ddpm --data two-moons", does: "with the settings that suit the data" },
    {
      command: "equimol lab train ddpm --data pinwheel --set model.prediction=v --set training.epochs=20",
      does: "another target, half as long",
    },
    {
      command: "equimol lab train ddpm --preset reference",
      does: "the reference recipe: 256 wide, 100 epochs",
    },
    { command: "equimol lab train ddpm --data points.csv --max-seconds 30", does: "points of your own" },
  ],
  run: async ({ args, rawArgs }) => {
    const kind = labKind(args.model);
    const name = basename(args.data, extname(args.data));
    const out = args.out ?? freeFolder(join("runs", "lab", `${kind.name}-${name}`), args.resume === true);
    if (args.preset !== undefined && args.resume === true)
      throw new InputError("--preset starts a run; one that is resumed has its settings in its config.yaml");
    const training = trainingOptions({ ...args, out, preset: undefined }, rawArgs);
    const settings = trainingSettings(labSettingsSchema(kind), training, {
      base: labPreset(kind, args.data, shapeKindOf(args.data), args.preset),
    });
    const measuring = measureOptions(args, settings.training.seed);
    const data = await loadLabData(args.data, settings.data);
    const wording = {
      items: "rows",
      next: `Sample from it with: ${program()} lab sample --model ${quoted(out)} -n 1000 --out rows.csv`,
      again: `lab train ${kind.name} --data ${quoted(args.data)}`,
    };
    return runTraining(
      { ...args, out },
      wording,
      async (events): Promise<Trained> => {
        const report = await supervised({ ...events, ...training }, "rows", (handed) =>
          trainLab({ ...handed, model: kind.name, settings, data, out, resume: args.resume === true }),
        );
        if (report.interrupted) return report;
        events.onEvent?.({ kind: "notice", text: "measuring and drawing" });
        const trained = await loadLabModel(findModel(out));
        return { ...report, ...(await measureAndDraw(trained, data, measuring, out)) };
      },
      ({ evaluation, pictures = [] }) =>
        evaluation ? [`${evaluationText(evaluation)}\npicture              ${pictures.join(", ")}`] : [],
    );
  },
});

type Trained = TrainingReport & Partial<Awaited<ReturnType<typeof measureAndDraw>>>;

/** The folder, or the first of `folder-2`, `folder-3` … that holds nothing yet. */
function freeFolder(folder: string, resume: boolean): string {
  if (resume || !existsSync(folder)) return folder;
  for (let k = 2; ; k++) if (!existsSync(`${folder}-${k}`)) return `${folder}-${k}`;
}
