/** PaiNN in native code: painn.c behind Node-API. */
import { createRequire } from "node:module";
import { InputError, WorkError } from "../errors.ts";
import type { GeometricConfig } from "../nets/geometric.ts";
import { type PainnKernel, painnSizes } from "./painn-engine.ts";

type Handle = { readonly engine: unique symbol };
type Input = Float32Array | Float64Array | Int32Array | null;

/** What painn_addon.c exports. */
interface Addon {
  readonly create: (config: Readonly<Record<string, number>>, isa: string) => Handle;
  readonly evaluate: (engine: Handle, ...inputs: readonly Input[]) => void;
  readonly train: (engine: Handle, ...inputs: readonly Input[]) => void;
  readonly dispose: (engine: Handle) => void;
  /** The best instruction set this processor has. */
  readonly isa: string;
}

let loaded: { readonly addon?: Addon; readonly reason: string } | undefined;

function loadAddon(): { readonly addon?: Addon; readonly reason: string } {
  if (loaded === undefined) {
    try {
      const addon = createRequire(import.meta.url)("../../build/Release/painn.node") as Addon;
      loaded = { addon, reason: `compiled for this machine (${addon.isa})` };
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND";
      const hint = "not built; node scripts/build-native.mjs builds it where there is a C compiler";
      loaded = { reason: missing ? hint : String(error) };
    }
  }
  return loaded;
}

/** Whether native PaiNN is there, its instruction set, and why. */
export function painnNativeStatus(): { readonly isa?: string; readonly reason: string } {
  const { addon, reason } = loadAddon();
  return addon === undefined ? { reason } : { isa: addon.isa, reason };
}

export interface PainnNativeOptions {
  /** Threads that share the molecules; default 1. Results do not depend on it. */
  readonly threads?: number;
  /** "AVX-512", "AVX2", "SSE", "NEON"; default the best. */
  readonly isa?: string;
}

/**
 * The kernel for a network, or undefined where it was not built or computes no such network.
 * @throws InputError for an instruction set that this processor lacks
 */
export function loadNativePainn(
  config: GeometricConfig,
  { threads = 1, isa = "" }: PainnNativeOptions = {},
): PainnKernel | undefined {
  const { addon } = loadAddon();
  const sizes = painnSizes(config);
  if (addon === undefined || sizes === undefined) return undefined;
  const handle = attempt(InputError, () => addon.create({ ...sizes, threads }, isa));
  return {
    name: `native (${isa || addon.isa})`,
    evaluate: (parameters, { sizes, species, positions }, outputs, slope) =>
      attempt(WorkError, () => addon.evaluate(handle, parameters, sizes, species, positions, outputs, slope)),
    train: (parameters, { sizes, species, positions }, coefficients, direction, gradient) =>
      attempt(WorkError, () =>
        addon.train(handle, parameters, sizes, species, positions, coefficients, direction, gradient),
      ),
    dispose: () => addon.dispose(handle),
  };
}

function attempt<T>(Problem: typeof InputError | typeof WorkError, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    throw new Problem(`native PaiNN: ${(error as Error).message}`);
  }
}
