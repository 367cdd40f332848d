/** The engine for a network: native code where it was built, else WebAssembly, else jax-js. */
import { InputError } from "../errors.ts";
import type { DynamicsConfig } from "../nets/egnn/dynamics.ts";
import { inNode } from "../platform/platform.ts";
import { type DeviceName, prepareRuntime } from "../platform/prepare.ts";
import { threadCount } from "../platform/worker-shim.ts";
import type { DenoiserEngine } from "./engine.ts";
import { loadNativeEngine, nativeStatus } from "./native.ts";
import { loadWasmEngine, wasmStatus } from "./wasm.ts";

export const ENGINES = ["auto", "native", "wasm", "jax"] as const;
export type EngineName = (typeof ENGINES)[number];

export interface EngineOptions {
  /** "auto": the first of native, wasm, jax that there is. */
  readonly engine?: EngineName;
  /** Where jax-js computes; asking for "webgpu" means jax. */
  readonly device?: DeviceName;
  /** Told when "auto" cannot use what is fastest. */
  readonly onNotice?: (notice: string) => void;
}

/** @throws InputError when the engine that is asked for cannot compute this network here */
export async function createEngine(
  config: DynamicsConfig,
  options: EngineOptions = {},
): Promise<DenoiserEngine> {
  const { engine = "auto", device = "auto", onNotice } = options;
  if ((engine === "native" || engine === "wasm") && device === "webgpu") {
    throw new InputError(`--engine ${engine} computes on the CPU; leave out --device webgpu`);
  }
  const threads = threadCount();
  const kernels = engine !== "jax" && device !== "webgpu";
  const fits = config.network === "egnn";
  if (kernels && !fits && engine !== "auto") {
    throw new InputError(
      `--engine ${engine} computes the network "egnn" only; use --engine jax for "${config.network}"`,
    );
  }
  if (kernels && fits) {
    const missing: string[] = [];
    if (engine !== "wasm") {
      const native = loadNativeEngine(config, { threads });
      if (native !== undefined) return native;
      missing.push(`native engine: ${nativeStatus().reason}`);
    }
    if (engine !== "native") {
      const wasm = await loadWasmEngine(config, { threads });
      const status = await wasmStatus();
      if (wasm !== undefined) {
        const full = status.threads && status.variants[0] !== "scalar";
        const lacking = [...(inNode ? missing : []), ...(full ? [] : [status.reason])];
        if (lacking.length > 0) onNotice?.(`${lacking.join("; ")}; computing with ${wasm.name}`);
        return wasm;
      }
      missing.push(`WebAssembly engine: ${status.reason}`);
    }
    if (engine !== "auto") throw new InputError(missing.join("; "));
    onNotice?.(`${missing.join("; ")}; computing with jax-js, which is slower`);
  } else if (kernels) {
    onNotice?.(`the fast engines do not compute the network "${config.network}"; computing with jax-js`);
  }
  await prepareRuntime(device);
  const { createJaxEngine } = await import("./jax-engine.ts");
  return createJaxEngine(config);
}

/** The engine of that name. @throws InputError for an unknown one */
export function engineNamed(name: string): EngineName {
  const known = ENGINES.find((engine) => engine === name);
  if (known === undefined) throw new InputError(`--engine ${name}: expected one of ${ENGINES.join(", ")}`);
  return known;
}
