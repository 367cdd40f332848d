/** The engine for a geometric network. */
import { InputError } from "../errors.ts";
import type { AtomwiseEngine } from "../nets/atomwise-engine.ts";
import type { GeometricConfig } from "../nets/geometric.ts";
import { prepareRuntime } from "../runtime/prepare.ts";
import type { EngineOptions } from "./create-engine.ts";

/** @throws InputError when the engine that is asked for cannot compute this network here */
export async function createAtomwiseEngine(
  config: GeometricConfig,
  { engine = "auto", device = "auto" }: EngineOptions = {},
): Promise<AtomwiseEngine> {
  if (engine !== "auto" && engine !== "jax")
    throw new InputError(`--engine ${engine} does not compute "${config.kind}"; use --engine jax`);
  await prepareRuntime(device);
  const { createJaxAtomwiseEngine } = await import("../nets/jax-atomwise-engine.ts");
  return createJaxAtomwiseEngine(config);
}
