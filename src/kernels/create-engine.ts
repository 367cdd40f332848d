/** The engine for a network: the fast one where it fits, jax-js otherwise. */
import { InputError } from "../errors.ts";
import type { DynamicsConfig } from "../nets/dynamics.ts";
import type { DenoiserEngine } from "../nets/engine.ts";
import { createJaxEngine } from "../nets/jax-engine.ts";
import { type DeviceName, prepareRuntime } from "../runtime/prepare.ts";

export const ENGINES = ["auto", "jax"] as const;
export type EngineName = (typeof ENGINES)[number];

export interface EngineOptions {
  readonly engine?: EngineName;
  readonly device?: DeviceName;
}

/** @throws InputError when the engine that is asked for cannot compute this network here */
export async function createEngine(config: DynamicsConfig, { device = "auto" }: EngineOptions = {}): Promise<DenoiserEngine> {
  await prepareRuntime(device);
  return createJaxEngine(config);
}

/** The engine of that name. @throws InputError for an unknown one */
export function engineNamed(name: string): EngineName {
  const known = ENGINES.find((engine) => engine === name);
  if (known === undefined) throw new InputError(`--engine ${name}: expected one of ${ENGINES.join(", ")}`);
  return known;
}
