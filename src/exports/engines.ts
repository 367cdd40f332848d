/** What computes a network: native code, WebAssembly or jax-js. */
export type { AtomwiseEngine, SpeciesBatch } from "../engines/atomwise-engine.ts";
export { wasmStatus } from "../engines/egnn/wasm.ts";
export type { AtomBatch, DenoiserEngine, SquaredErrors, SquaredErrorTarget } from "../engines/engine.ts";
export { createJaxEngine } from "../engines/jax-engine.ts";
export { type EngineOptions, openEngine } from "../engines/open-engine.ts";
export type { ImageBatch, ImageEngine, ImageTarget } from "../engines/unet/unet-kernel.ts";
export type { UnetConfig } from "../nets/unet/unet-config.ts";
export { type DeviceName, prepareRuntime } from "../platform/prepare.ts";
