/** The engine for a geometric network: native code where it was built and computes the network, else jax-js. */
import { InputError } from "../errors.ts";
import type { AtomwiseEngine } from "../nets/atomwise-engine.ts";
import type { GeometricConfig } from "../nets/geometric.ts";
import { prepareRuntime } from "../runtime/prepare.ts";
import { threadCount } from "../runtime/worker-shim.ts";
import type { EngineOptions } from "./create-engine.ts";
import { painnEngine } from "./painn-engine.ts";
import { loadNativePainn, painnNativeReason } from "./painn-native.ts";

/** @throws InputError when the engine that is asked for cannot compute this network here */
export async function createAtomwiseEngine(
  config: GeometricConfig,
  { engine = "auto", device = "auto" }: EngineOptions = {},
): Promise<AtomwiseEngine> {
  if (engine === "native" && device === "webgpu")
    throw new InputError("--engine native computes on the CPU; leave out --device webgpu");
  if (engine === "native" || (engine === "auto" && device !== "webgpu")) {
    const kernel = loadNativePainn(config, { threads: threadCount() });
    if (kernel !== undefined) return painnEngine(config, kernel);
    if (engine === "native" && config.kind === "painn")
      throw new InputError(`native engine: ${painnNativeReason()}`);
  }
  if (engine !== "auto" && engine !== "jax")
    throw new InputError(`--engine ${engine} does not compute "${config.kind}"; use --engine jax`);
  await prepareRuntime(device);
  const { createJaxAtomwiseEngine } = await import("../nets/jax-atomwise-engine.ts");
  return createJaxAtomwiseEngine(config);
}
