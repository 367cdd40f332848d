/** The native add-on, build/Release/equimol.node: the bindings of all networks, compiled for this machine. */
import type { InputError, WorkError } from "../errors.ts";
import { inNode, nodeModule } from "../platform/platform.ts";

/** An engine in native code; what made it knows of which network. */
export type NativeHandle = { readonly engine: unique symbol };
type Input = Float32Array | Float64Array | Int32Array | Uint8Array | number | null;

/** PaiNN, the conformer network, the U-Net: operations run at once, on the caller's thread and helpers. */
interface SynchronousBinding {
  readonly evaluate: (engine: NativeHandle, ...inputs: readonly Input[]) => void;
  readonly train: (engine: NativeHandle, ...inputs: readonly Input[]) => void;
  readonly dispose: (engine: NativeHandle) => void;
}

/** What module.c exports. */
export interface NativeAddon {
  readonly egnn: {
    readonly create: (config: Readonly<Record<string, number>>, isa: string) => NativeHandle;
    readonly forward: (engine: NativeHandle, ...inputs: readonly Input[]) => Promise<void>;
    readonly squaredError: (engine: NativeHandle, ...inputs: readonly Input[]) => Promise<void>;
    readonly gradientNorm: (engine: NativeHandle, gradient: Float32Array) => Promise<number>;
    readonly update: (engine: NativeHandle, ...inputs: readonly Input[]) => Promise<void>;
    readonly dispose: (engine: NativeHandle) => void;
    readonly instructionSets: () => string[];
  };
  readonly painn: SynchronousBinding & {
    readonly create: (config: Readonly<Record<string, number>>, isa: string) => NativeHandle;
  };
  readonly geodiff: SynchronousBinding & {
    readonly create: (sizes: Int32Array, isa: string) => NativeHandle;
  };
  readonly unet: SynchronousBinding & {
    readonly create: (sizes: Int32Array, isa: string) => NativeHandle;
  };
}

export interface NativeStatus {
  readonly available: boolean;
  /** Why it is there or not, for users. */
  readonly reason: string;
  /** The instruction set that will be used, the best this processor has. */
  readonly isa?: string;
  /** All that this processor runs, best first. */
  readonly isas: readonly string[];
}

export interface NativeOptions {
  /** Threads that share the molecules; default 1. Results do not depend on it. */
  readonly threads?: number;
  /** "AVX-512", "AVX2", "SSE", "NEON": one of nativeStatus().isas; default the best. */
  readonly isa?: string;
}

let loaded: { readonly addon?: NativeAddon; readonly reason: string } | undefined;

function load(): { readonly addon?: NativeAddon; readonly reason: string } {
  if (!inNode) return { reason: "a browser runs no native code" };
  if (loaded === undefined) {
    try {
      const addon = nodeModule("node:module").createRequire(import.meta.url)(
        "../../build/Release/equimol.node",
      ) as NativeAddon;
      loaded = { addon, reason: `compiled for this machine (${addon.egnn.instructionSets()[0]})` };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const why = code === "MODULE_NOT_FOUND" ? "not built" : message.replace(/\.$/, "");
      loaded = { reason: `${why}; \`${buildCommand()}\` builds it or says what is missing` };
    }
  }
  return loaded;
}

/** Builds the add-on when typed in the current folder: in a clone, and where npm ran no install script. */
function buildCommand(): string {
  const { join, relative } = nodeModule("node:path");
  const here = nodeModule("node:url").fileURLToPath(import.meta.url);
  const script = join(here, "../../../scripts/build-native.mjs");
  const below = relative(process.cwd(), script);
  const path = below.startsWith("..") ? script : below;
  return `node ${/\s/.test(path) ? JSON.stringify(path) : path} --force`;
}

/** The add-on, or undefined where it was not built. */
export const nativeAddon = (): NativeAddon | undefined => load().addon;

/** Whether native code can be used here, and why. */
export function nativeStatus(): NativeStatus {
  const { addon, reason } = load();
  const isas = addon?.egnn.instructionSets() ?? [];
  return { available: addon !== undefined, reason, isa: isas[0], isas };
}

/** Runs a function of the add-on; what it throws is a problem of this kind. @param what names the network in messages */
export function attempt<T>(
  what: string,
  Problem: typeof InputError | typeof WorkError,
  operation: () => T,
): T {
  try {
    return operation();
  } catch (error) {
    throw new Problem(`${what}: ${(error as Error).message}`);
  }
}
