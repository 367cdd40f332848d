/**
 * Chooses and initialises the device that jax-js computes on. In Node the CPU is jax-js' WebAssembly backend, on
 * several threads by the worker shim; WebGPU comes from the optional package `webgpu` (Dawn).
 */
import { InputError } from "../errors.ts";

export const DEVICES = ["auto", "cpu", "webgpu"] as const;
export type DeviceName = (typeof DEVICES)[number];

export interface PreparedDevice {
  readonly device: "wasm" | "webgpu";
  /** Why this one: "no WebGPU adapter" … */
  readonly reason: string;
}

const isNode = typeof process !== "undefined" && process.versions?.node !== undefined;

/**
 * Makes jax-js ready on the device.
 * "auto" is the CPU in Node and WebGPU in a browser that has it.
 * @throws InputError when "webgpu" is asked for and there is no adapter
 */
export async function prepareRuntime(device: DeviceName = "auto"): Promise<PreparedDevice> {
  const { jax } = await import("./jax.ts");
  if (device === "webgpu" || (device === "auto" && !isNode)) {
    const problem = await webgpuProblem();
    if (problem === undefined) {
      await jax.init("webgpu");
      jax.defaultDevice("webgpu");
      return { device: "webgpu", reason: device === "webgpu" ? "asked for" : "this browser has it" };
    }
    if (device === "webgpu") throw new InputError(`--device webgpu: ${problem}; use --device cpu`);
  }
  await jax.init("wasm");
  jax.defaultDevice("wasm");
  return { device: "wasm", reason: device === "cpu" ? "asked for" : "the CPU is the default in Node" };
}

/** Undefined when there is a WebGPU adapter; otherwise what is missing. */
export async function webgpuProblem(): Promise<string | undefined> {
  if (isNode && !("gpu" in globalThis.navigator)) {
    try {
      const name = "webgpu"; // optional: not resolved when this file is built
      const { create, globals } = (await import(name)) as WebgpuPackage;
      Object.assign(globalThis, globals);
      Object.assign(globalThis.navigator, { gpu: create([]) });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND")
        return 'the package "webgpu" is not installed (npm install webgpu)';
      return `the package "webgpu" cannot be loaded: ${(error as Error).message.split("\n")[0]}`;
    }
  }
  const gpu = (globalThis.navigator as { readonly gpu?: { requestAdapter(): Promise<unknown> } }).gpu;
  if (!gpu) return "this environment has no WebGPU";
  const adapter = await gpu.requestAdapter();
  return adapter ? undefined : "no WebGPU adapter was found (no GPU, or no driver for it)";
}

interface WebgpuPackage {
  readonly create: (options: readonly string[]) => unknown;
  readonly globals: Readonly<Record<string, unknown>>;
}
