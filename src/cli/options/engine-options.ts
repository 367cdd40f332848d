/** Options of verbs that run a network: which engine, which device. */
import type { ArgsDef } from "citty";
import { ENGINES, type EngineOptions } from "../../engines/open-engine.ts";
import { DEVICES } from "../../platform/prepare.ts";
import { choiceOption, integerOption, threadsOption } from "./options.ts";

export const engineArgs = {
  engine: {
    type: "string",
    valueHint: ENGINES.join("|"),
    default: "auto",
    description: "what computes the network",
  },
  device: {
    type: "string",
    valueHint: DEVICES.join("|"),
    default: "auto",
    description: "where jax-js computes",
  },
  ...threadsOption,
} as const satisfies ArgsDef;

/** @throws InputError for names that are not known */
export function engineOptions(args: {
  readonly engine: string;
  readonly device: string;
  readonly threads?: string;
}): EngineOptions {
  integerOption("threads", args.threads, { min: 1 });
  const device = choiceOption("device", args.device, DEVICES);
  return { engine: choiceOption("engine", args.engine, ENGINES), device };
}
