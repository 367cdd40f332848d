/** The engine for a geometric network: native code where it was built, else WebAssembly; jax-js for all but PaiNN. */
import { InputError } from "../errors.ts";
import type { GeometricConfig } from "../nets/geometric.ts";
import { prepareRuntime } from "../platform/prepare.ts";
import { threadCount } from "../platform/worker-shim.ts";
import type { AtomwiseEngine } from "./atomwise-engine.ts";
import type { EngineOptions } from "./create-engine.ts";
import { painnEngine, painnSizes } from "./painn-engine.ts";
import { loadNativePainn, painnNativeStatus } from "./painn-native.ts";
import { loadWasmPainn } from "./painn-wasm.ts";

/** @throws InputError when the engine that is asked for cannot compute this network here */
export async function createAtomwiseEngine(
  config: GeometricConfig,
  { engine = "auto", device = "auto" }: EngineOptions = {},
): Promise<AtomwiseEngine> {
  if ((engine === "native" || engine === "wasm") && device === "webgpu")
    throw new InputError(`--engine ${engine} computes on the CPU; leave out --device webgpu`);
  const fits = painnSizes(config) !== undefined;
  if ((engine === "native" || engine === "wasm") && !fits)
    throw new InputError(
      `--engine ${engine} does not compute "${config.kind}"${config.kind === "painn" ? " with vectors" : ""}; use --engine jax`,
    );
  if (fits && engine !== "jax" && device !== "webgpu") {
    const kernel =
      (engine === "wasm" ? undefined : loadNativePainn(config, { threads: threadCount() })) ??
      (engine === "native" ? undefined : await loadWasmPainn(config));
    if (kernel !== undefined) return painnEngine(config, kernel);
    if (engine !== "auto")
      throw new InputError(
        `${engine} engine: ${engine === "native" ? painnNativeStatus().reason : "there is no WebAssembly here"}`,
      );
  }
  await prepareRuntime(device);
  const { createJaxAtomwiseEngine } = await import("./jax-atomwise-engine.ts");
  return createJaxAtomwiseEngine(config);
}
