/** A trained EDM: its configuration, parameters and schedule; from bytes, wherever they come from. */

import { type BondRule, RULE_ELEMENTS } from "../../chem/bond-tables.ts";
import { symbolOf } from "../../chem/elements.ts";
import { learnedSchedule } from "../../diffusion/learned-schedule.ts";
import { type NoiseSchedule, scheduleFrom } from "../../diffusion/schedule.ts";
import { InputError } from "../../errors.ts";
import { parseSafetensors } from "../../formats/safetensors-bytes.ts";
import { dynamicsLayout } from "../../nets/egnn/dynamics-layout.ts";
import { type Layout, layoutSize } from "../../nets/layers/parameters.ts";
import { parametersOf, parsedConfig } from "../model-bytes.ts";
import { dynamicsConfig, type EdmConfig, edmConfigSchema } from "./config.ts";
import { GAMMA_LAYOUT, gammaParameters } from "./gamma-parameters.ts";

export interface EdmModel {
  readonly config: EdmConfig;
  /** In the order of `modelLayout`. */
  readonly parameters: Float32Array;
  /** The part of them that the engine needs. */
  readonly network: Float32Array;
  readonly schedule: NoiseSchedule;
}

/** Names and shapes of all parameters: the network's, then those of a learned schedule. */
export const modelLayout = (config: EdmConfig): Layout => [
  ...dynamicsLayout(dynamicsConfig(config)),
  ...(config.schedule.kind === "learned" ? GAMMA_LAYOUT : []),
];

/** The model with its schedule. */
export function modelOf(config: EdmConfig, parameters: Float32Array): EdmModel {
  if (config.schedule.kind !== "learned")
    return { config, parameters, network: parameters, schedule: scheduleFrom(config.schedule) };
  const networkSize = layoutSize(dynamicsLayout(dynamicsConfig(config)));
  const network = parameters.subarray(0, networkSize);
  const gamma = gammaParameters(parameters.subarray(networkSize));
  return { config, parameters, network, schedule: learnedSchedule(gamma, config.schedule.steps) };
}

/** The bond rule that fits the model's elements. */
export const bondRuleOf = (config: Pick<EdmConfig, "elements">): BondRule =>
  config.elements.every((z) => RULE_ELEMENTS.qm9.includes(symbolOf(z))) ? "qm9" : "geom";

/**
 * The model of a `config.json` and the bytes of a `model.safetensors`: in a browser, what `fetch` gave or a `File` holds.
 * @param name what messages call it
 * @throws InputError naming the key or tensor that is wrong
 */
export function edmFromBytes(config: string, weights: Uint8Array, name = "model"): EdmModel {
  const parsed = parsedConfig(config, edmConfigSchema, `${name}/config.json`);
  const file = `${name}/model.safetensors`;
  return modelOf(parsed, parametersOf(parseSafetensors(weights, file).tensors, modelLayout(parsed), file));
}

/**
 * The model at an address: `config.json` and `model.safetensors` below it.
 * @throws InputError where they cannot be had or are not those of a model
 */
export async function edmFromUrl(url: string | URL): Promise<EdmModel> {
  const below = (file: string): URL =>
    new URL(
      file,
      `${new URL(url, (globalThis as { location?: { href: string } }).location?.href)}`.replace(/\/?$/, "/"),
    );
  const [config, weights] = await Promise.all(
    ["config.json", "model.safetensors"].map((file) => fetched(below(file))),
  );
  return edmFromBytes(new TextDecoder().decode(config), weights, String(url));
}

/** What `File` and `Blob` with a name have. */
interface NamedBytes {
  readonly name: string;
  /** Where a folder was chosen: "qm9/config.json". */
  readonly webkitRelativePath?: string;
  readonly arrayBuffer: () => Promise<ArrayBuffer>;
}

/**
 * The model in files that a user of a page chose or dropped: `config.json` and `model.safetensors`, whatever is with them.
 * @throws InputError where one is missing or they are not those of a model
 */
export async function edmFromFiles(files: Iterable<NamedBytes>): Promise<EdmModel> {
  const chosen = [...files];
  const folder = chosen[0]?.webkitRelativePath?.split("/").slice(0, -1).join("/") || "model";
  const [config, weights] = await Promise.all(
    ["config.json", "model.safetensors"].map(async (wanted) => {
      const file = chosen.find(({ name }) => name === wanted);
      if (file === undefined)
        throw new InputError(
          `is missing among ${chosen.map(({ name }) => name).join(", ") || "no files"}; a model is config.json and model.safetensors`,
          { file: `${folder}/${wanted}` },
        );
      return new Uint8Array(await file.arrayBuffer());
    }),
  );
  return edmFromBytes(new TextDecoder().decode(config), weights, folder);
}

async function fetched(url: URL): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (error) {
    throw new InputError(`cannot be fetched: ${(error as Error).message}`, { file: url.href });
  }
  if (!response.ok)
    throw new InputError(`answered ${response.status} ${response.statusText}`, { file: url.href });
  return new Uint8Array(await response.arrayBuffer());
}
