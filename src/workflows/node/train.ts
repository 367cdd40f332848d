/** `equimol train KIND` as functions: a run folder from the name of a data set and settings. */
import { basename, resolve } from "node:path";
import { readEnsembles } from "../../data/ensembles.ts";
import { loadDataset } from "../../data/store.ts";
import type { EngineOptions } from "../../engines/open-engine.ts";
import { InputError, nearest } from "../../errors.ts";
import type { EdmConfig } from "../../models/edm/config.ts";
import { findModel, loadEdm } from "../../models/edm/folder.ts";
import { loadConformerModel } from "../../models/geodiff/folder.ts";
import type { CONFORMER_ENGINES } from "../../models/geodiff/network.ts";
import { cgSettingsSchema } from "../../train/cg/settings.ts";
import { trainCg } from "../../train/cg/train.ts";
import type { Settings } from "../../train/config-file.ts";
import { CONFORMER_PRESETS, conformerSettingsSchema } from "../../train/conformers/settings.ts";
import { trainConformers } from "../../train/conformers/train.ts";
import { distillEdm } from "../../train/edm/distill.ts";
import { distillSettingsSchema } from "../../train/edm/distill-settings.ts";
import { edmSettingsSchema, PRESETS } from "../../train/edm/settings.ts";
import { trainEdm } from "../../train/edm/train.ts";
import {
  forceFieldSettingsSchema,
  NETWORKS,
  propertySettingsSchema,
} from "../../train/geometric/settings.ts";
import { trainForceField, trainProperty } from "../../train/geometric/train.ts";
import { reporterOf } from "../workflow.ts";
import {
  checkStart,
  supervised,
  type TrainingOptions,
  type TrainingReport,
  trainingSettings,
} from "./training.ts";

/** A training on a data set. */
interface OnData extends TrainingOptions {
  /** Data set, or a file of molecules. */
  readonly data: string;
}

/** A training whose network an engine computes. */
interface ByEngine {
  readonly engine?: EngineOptions | undefined;
}

/** A run of EDM: data, settings, folder. */
export interface TrainEdmRunOptions extends OnData, ByEngine {
  /** Start from the parameters of this model, with its network. */
  readonly init?: string | undefined;
}

/**
 * An equivariant diffusion model of molecules (EDM).
 * @throws InputError for settings or data that do not fit, WorkError when training breaks off
 * @example await trainEdmRun({ data: "minimol", preset: "mini-qm9", out: "runs/mini" });
 */
export async function trainEdmRun(options: TrainEdmRunOptions): Promise<TrainingReport> {
  checkStart(options);
  const init = options.init === undefined ? undefined : await loadEdm(findModel(options.init));
  const settings = await trainingSettings(edmSettingsSchema, options, {
    presets: PRESETS,
    ...(init && { base: architecture(init.config, options.preset) }),
  });
  const data = await loadDataset(options.data, reporterOf(options).reading);
  return supervised(options, "molecules", (run) =>
    trainEdm({ ...run, ...options.engine, settings, data, ...(init && { init }) }),
  );
}

/** The settings that make a model's network, as large as the preset wants it if that is larger. */
const architecture = (
  { network, schedule, features, condition }: EdmConfig,
  preset: string | undefined,
): Settings => ({
  network: {
    ...network,
    ...larger(
      network,
      preset !== undefined && Object.hasOwn(PRESETS, preset) ? PRESETS[preset].settings.network : {},
    ),
  },
  schedule,
  features,
  ...(condition && {
    condition: {
      properties: condition.properties.map(({ name }) => name),
      fade: condition.fade,
      scale: condition.scale,
    },
  }),
});

/** Units and layers that a preset has more of. */
const larger = (
  own: EdmConfig["network"],
  wanted: unknown,
): Partial<Pick<EdmConfig["network"], "hidden" | "layers">> => {
  const { hidden = 0, layers = 0 } = (wanted ?? {}) as { readonly hidden?: number; readonly layers?: number };
  return { hidden: Math.max(own.hidden, hidden), layers: Math.max(own.layers, layers) };
};

/** A distillation: teacher, settings, folder. */
export interface DistillRunOptions extends TrainingOptions, ByEngine {
  /** The model that is distilled: folder, run or shipped. */
  readonly teacher: string;
}

/** A generator of few steps from a model of many; needs no data. @throws as `trainEdmRun` */
export async function distillRun(options: DistillRunOptions): Promise<TrainingReport> {
  const settings = await trainingSettings(distillSettingsSchema, options);
  const teacher = await loadEdm(findModel(options.teacher));
  return supervised(options, "molecules", (run) =>
    distillEdm({ ...run, ...options.engine, settings, teacher, name: basename(resolve(options.teacher)) }),
  );
}

/** A run of a force field: data, network, settings, folder. */
export interface TrainNetworkRunOptions extends OnData, ByEngine {
  /** Network, such as "painn". */
  readonly net?: string | undefined;
}

/** A network of energies and forces. @throws as `trainEdmRun` */
export async function trainForceFieldRun(options: TrainNetworkRunOptions): Promise<TrainingReport> {
  const settings = await trainingSettings(forceFieldSettingsSchema, options, {
    base: networkSetting(options.net),
  });
  const data = await loadDataset(options.data, reporterOf(options).reading);
  return supervised(options, "configurations", (run) =>
    trainForceField({ ...run, ...options.engine, settings, data }),
  );
}

/** A run of a property network: data, property, network, settings, folder. */
export interface TrainPropertyRunOptions extends TrainNetworkRunOptions {
  /** Property of the data set, such as "alpha"; of a resumed run its own. */
  readonly property?: string | undefined;
  /** Which half of the molecules that have the property: all, first, second. */
  readonly half?: string | undefined;
}

/** A network that predicts a property of molecules. @throws as `trainEdmRun` */
export async function trainPropertyRun(options: TrainPropertyRunOptions): Promise<TrainingReport> {
  const { property, half, net, resume } = options;
  if (property === undefined && !resume)
    throw new InputError(
      `${reporterOf(options).named("property")} is missing (see equimol data show ${options.data})`,
    );
  const settings = await trainingSettings(propertySettingsSchema, options, {
    base: {
      ...networkSetting(net),
      ...(property === undefined ? {} : { property }),
      ...(half === undefined ? {} : { data: { half } }),
    },
  });
  const data = await loadDataset(options.data, reporterOf(options).reading);
  return supervised(options, "molecules", (run) =>
    trainProperty({ ...run, ...options.engine, settings, data }),
  );
}

/** @throws InputError for a network that there is not */
function networkSetting(net: string | undefined): Settings {
  if (net === undefined) return {};
  if ((NETWORKS as readonly string[]).includes(net)) return { network: { kind: net } };
  const near = nearest(net, NETWORKS);
  throw new InputError(
    `unknown network "${net}"; ${near === undefined ? `known: ${NETWORKS.join(", ")}` : `did you mean ${near}?`}`,
  );
}

/** A diffusion model of coarse-grained frames, which is a force field as well. @throws as `trainEdmRun` */
export async function trainCgRun(options: OnData): Promise<TrainingReport> {
  const settings = await trainingSettings(cgSettingsSchema, options);
  const data = await loadDataset(options.data, reporterOf(options).reading);
  return supervised(options, "frames", (run) => trainCg({ ...run, settings, data }));
}

/** A run of GeoDiff: geometries, ensembles, settings, folder. */
export interface TrainConformersRunOptions extends OnData {
  /** Molecules with bonds and many conformers: .jsonl or .sdf, each also .gz. */
  readonly ensembles?: string | undefined;
  /** Start from the parameters of this model. */
  readonly init?: string | undefined;
  readonly engine?: (typeof CONFORMER_ENGINES)[number] | undefined;
}

/** A model of the structures of a given molecule (GeoDiff). @throws as `trainEdmRun` */
export async function trainConformersRun(options: TrainConformersRunOptions): Promise<TrainingReport> {
  checkStart(options);
  const init = options.init === undefined ? undefined : await loadConformerModel(findModel(options.init));
  const settings = await trainingSettings(conformerSettingsSchema, options, {
    presets: CONFORMER_PRESETS,
    ...(init && { base: { network: init.config.network } }),
  });
  const data = await loadDataset(options.data, reporterOf(options).reading);
  const ensembles =
    options.ensembles === undefined
      ? []
      : await readEnsembles(options.ensembles, undefined, reporterOf(options).reading);
  return supervised(options, "structures", (run) =>
    trainConformers({
      ...run,
      settings,
      data,
      ensembles,
      engine: options.engine ?? "auto",
      ...(init && { init }),
      onDropped: (dropped) => {
        for (const [what, { inconsistent, fragmented, tooLarge }] of Object.entries(dropped))
          if (inconsistent + fragmented + tooLarge > 0)
            run.onNotice(
              `${what} left out: ${inconsistent} with inconsistent bonds, ${fragmented} in pieces, ${tooLarge} too large`,
            );
      },
    }),
  );
}
