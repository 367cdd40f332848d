/** The property network that judges what a conditional model generates. */
import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { EngineOptions } from "../../engines/open-engine.ts";
import { openEngine } from "../../engines/open-engine.ts";
import { InputError, type Named, ownName } from "../../errors.ts";
import type { Judge } from "../../evaluate/condition.ts";
import { findModel, shippedModelNames } from "../../models/edm/folder.ts";
import {
  type GeometricModelConfig,
  geometricConfigSchema,
  networkOf,
} from "../../models/geometric/config.ts";
import { loadGeometric } from "../../models/geometric/folder.ts";
import { predictProperty } from "../../models/geometric/model.ts";
import { readModelConfig } from "../../models/model-folder.ts";

export interface LoadedJudge {
  readonly name: string;
  /** Half of the labelled molecules that it was trained on, where it says so. */
  readonly half: string | undefined;
  readonly predict: Judge;
  readonly dispose: () => void;
}

/**
 * The judge that is named, else the shipped network of the property.
 * @throws InputError when there is none, or it predicts something else
 */
export async function judgeOf(
  name: string | undefined,
  property: string,
  { device = "auto", engine: asked, named = ownName }: EngineOptions,
): Promise<LoadedJudge> {
  const folder = name === undefined ? await shippedJudge(property, named) : findModel(name);
  const model = await loadGeometric(folder);
  const { output, kind, network } = model.config;
  if (kind !== "property" || output.property !== property)
    throw new InputError(
      `the judge ${name} predicts ${output.property}, not ${property}; train one with "equimol train property --property ${property} --half first"`,
    );
  // An engine that was asked for by name is the generator's; the judge takes the fastest that computes it.
  const engine = await openEngine(
    { atomwise: networkOf(model.config) },
    {
      device,
      ...(asked === "jax" ? { engine: asked } : {}),
    },
  );
  const { data } = model.config.provenance as { readonly data?: { readonly half?: string } };
  return {
    name: `${name ?? basename(resolve(folder))} (${network.kind})`,
    half: data?.half,
    predict: (molecules) => predictProperty(model, engine, molecules),
    dispose: () => engine.dispose(),
  };
}

async function shippedJudge(property: string, named: Named): Promise<string> {
  for (const name of shippedModelNames()) {
    const folder = findModel(name);
    if (!existsSync(join(folder, "model.safetensors"))) continue;
    const config: GeometricModelConfig | undefined = await readModelConfig(
      folder,
      geometricConfigSchema,
    ).catch(() => undefined);
    if (config?.kind === "property" && config.output.property === property) return folder;
  }
  throw new InputError(
    `no shipped property network predicts ${property}; train one with "equimol train property --property ${property} --half first" and name it with ${named("judge")}`,
  );
}
