/** The compiled engines that this machine can run; the tests of the kernels run on each. */
import type { KernelEngine } from "../../src/engines/egnn/kernel-engine.ts";
import { loadNativeEngine } from "../../src/engines/egnn/native.ts";
import { loadWasmEngine, wasmStatus } from "../../src/engines/egnn/wasm.ts";
import { nativeStatus } from "../../src/engines/native-addon.ts";
import type { DynamicsConfig } from "../../src/nets/egnn/dynamics-layout.ts";

export interface EngineUnderTest {
  readonly name: string;
  readonly load: (config: DynamicsConfig, threads?: number) => Promise<KernelEngine>;
}

const native = nativeStatus();
const wasm = await wasmStatus();

export const ENGINES: readonly EngineUnderTest[] = [
  ...native.isas.map((isa) => ({
    name: `native ${isa}`,
    load: async (config: DynamicsConfig, threads = 1) => loadNativeEngine(config, { threads, isa })!,
  })),
  ...wasm.variants.map((variant) => ({
    name: `wasm ${variant}`,
    load: async (config: DynamicsConfig, threads = 1) =>
      (await loadWasmEngine(config, { threads, variant }))!,
  })),
];

if (!native.available) console.warn(`kernel tests skip the native engine: ${native.reason}`);
if (!wasm.available) console.warn(`kernel tests skip the WebAssembly engine: ${wasm.reason}`);
