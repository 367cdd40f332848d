/** The compiled engines that this machine can run; the tests of the kernels run on each. */
import type { KernelEngine } from "../../src/kernels/kernel-engine.ts";
import { loadNativeEngine, nativeStatus } from "../../src/kernels/native.ts";
import type { EgnnConfig } from "../../src/nets/egnn-config.ts";

export interface EngineUnderTest {
  readonly name: string;
  readonly load: (config: EgnnConfig, threads?: number) => KernelEngine;
}

export const ENGINES: readonly EngineUnderTest[] = nativeStatus().isas.map((isa) => ({
  name: `native ${isa}`,
  load: (config, threads = 1) => loadNativeEngine(config, { threads, isa })!,
}));

if (!nativeStatus().available) console.warn(`kernel tests skip the native engine: ${nativeStatus().reason}`);
