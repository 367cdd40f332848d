/**
 * Chooses and initialises the device that jax-js computes on. In Node the CPU is jax-js' WebAssembly backend, on
 * several threads by the worker shim; WebGPU comes from the optional package `webgpu` (Dawn).
 */
import { InputError, ownName } from "../errors.ts";
import { hasSimd, inNode } from "./platform.ts";
import "./worker-shim.ts";

/** Where jax-js may compute. */
export const DEVICES = ["auto", "cpu", "webgpu"] as const;
/** One of `DEVICES`. */
export type DeviceName = (typeof DEVICES)[number];

/** The device that jax-js computes on. */
export interface PreparedDevice {
  readonly device: "wasm" | "webgpu";
  /** Why this one, or which adapter. */
  readonly reason: string;
}

/**
 * Makes jax-js ready on the device.
 * "auto" is the CPU in Node and WebGPU in a browser that has it.
 * @param named how options are written in messages
 * @throws InputError when "webgpu" is asked for and there is no adapter, or the CPU has no WebAssembly SIMD
 */
export async function prepareRuntime(device: DeviceName = "auto", named = ownName): Promise<PreparedDevice> {
  const { jax } = await import("./jax.ts");
  if (device === "webgpu" || (device === "auto" && !inNode)) {
    const { available, reason } = await webgpuStatus();
    if (available) {
      await jax.init("webgpu");
      jax.defaultDevice("webgpu");
      return { device: "webgpu", reason };
    }
    if (device === "webgpu")
      throw new InputError(`${named("device")} webgpu: ${reason}; use ${named("device")} cpu`);
  }
  if (!hasSimd())
    throw new InputError(
      `jax-js needs WebAssembly SIMD, which this JavaScript engine lacks; use ${named("engine")} auto`,
    );
  await jax.init("wasm");
  jax.defaultDevice("wasm");
  return { device: "wasm", reason: device === "cpu" ? "asked for" : "the CPU is the default in Node" };
}

/** Whether there is WebGPU. */
export interface WebgpuStatus {
  readonly available: boolean;
  /** The adapter, or what is missing, for users. */
  readonly reason: string;
}

/** Whether jax-js can compute by WebGPU here, and on what. */
export async function webgpuStatus(): Promise<WebgpuStatus> {
  const missing = inNode ? await loadDawn() : undefined;
  if (missing !== undefined) return { available: false, reason: missing };
  const { gpu } = globalThis.navigator as { readonly gpu?: Gpu };
  if (!gpu) return { available: false, reason: "this environment has no WebGPU" };
  const adapter = await gpu.requestAdapter();
  if (!adapter)
    return { available: false, reason: "no WebGPU adapter was found (no GPU, or no driver for it)" };
  const { vendor, architecture, description } = adapter.info;
  const name = description || `${vendor} ${architecture}`.trim() || "adapter";
  const software = /swiftshader|llvmpipe/i.test(`${name} ${architecture}`);
  return { available: true, reason: software ? `${name}, a software adapter: slow` : name };
}

/** Gives Node the WebGPU of the optional package `webgpu` (Dawn). @returns what is missing, if anything */
async function loadDawn(): Promise<string | undefined> {
  if ("gpu" in globalThis.navigator) return undefined;
  try {
    const name = "webgpu"; // optional: not resolved when this file is built
    const { create, globals } = (await import(name)) as WebgpuPackage;
    Object.assign(globalThis, globals);
    Object.assign(globalThis.navigator, { gpu: create([]) });
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND")
      return 'the package "webgpu" is not installed (npm install webgpu)';
    return `the package "webgpu" cannot be loaded: ${(error as Error).message.split("\n")[0]}`;
  }
}

interface Gpu {
  readonly requestAdapter: () => Promise<{
    readonly info: { readonly vendor: string; readonly architecture: string; readonly description: string };
  } | null>;
}

interface WebgpuPackage {
  readonly create: (options: readonly string[]) => unknown;
  readonly globals: Readonly<Record<string, unknown>>;
}
