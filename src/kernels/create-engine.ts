/** The engine for a network: native code where it was built and the network is its kind, jax-js otherwise. */
import { InputError } from "../errors.ts";
import type { DynamicsConfig } from "../nets/dynamics.ts";
import type { DenoiserEngine } from "../nets/engine.ts";
import { type DeviceName, prepareRuntime } from "../runtime/prepare.ts";
import { threadCount } from "../runtime/worker-shim.ts";
import { loadNativeEngine, nativeStatus } from "./native.ts";

export const ENGINES = ["auto", "native", "jax"] as const;
export type EngineName = (typeof ENGINES)[number];

export interface EngineOptions {
  /** "auto": native, else jax. */
  readonly engine?: EngineName;
  /** Where jax-js computes; asking for "webgpu" means jax. */
  readonly device?: DeviceName;
  /** Told when "auto" cannot use the native engine. */
  readonly onNotice?: (notice: string) => void;
}

/** @throws InputError when the engine that is asked for cannot compute this network here */
export async function createEngine(
  config: DynamicsConfig,
  options: EngineOptions = {},
): Promise<DenoiserEngine> {
  const { engine = "auto", device = "auto", onNotice } = options;
  if (engine === "native" && device === "webgpu")
    throw new InputError("--engine native computes on the CPU; leave out --device webgpu");
  if (engine !== "jax" && device !== "webgpu") {
    const problem =
      config.network === "egnn"
        ? undefined
        : `the native engine does not compute the network "${config.network}"`;
    const native = problem === undefined ? loadNativeEngine(config, { threads: threadCount() }) : undefined;
    if (native !== undefined) return native;
    const why = problem ?? `native engine: ${nativeStatus().reason}`;
    if (engine === "native") throw new InputError(why);
    onNotice?.(`${why}; computing with jax-js, which is slower`);
  }
  await prepareRuntime(device);
  const { createJaxEngine } = await import("../nets/jax-engine.ts");
  return createJaxEngine(config);
}

/** The engine of that name. @throws InputError for an unknown one */
export function engineNamed(name: string): EngineName {
  const known = ENGINES.find((engine) => engine === name);
  if (known === undefined) throw new InputError(`--engine ${name}: expected one of ${ENGINES.join(", ")}`);
  return known;
}
