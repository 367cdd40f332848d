/**
 * The one place that decides what computes a network: native code where it was built, else WebAssembly, else jax-js. What
 * was asked for by name and cannot be had is an error; what "auto" has to do without is told, with the reason.
 */
import { InputError, type Named, ownName } from "../errors.ts";
import type { DynamicsConfig } from "../nets/egnn/dynamics-layout.ts";
import type { GeometricConfig } from "../nets/geometric.ts";
import type { UnetConfig } from "../nets/unet/unet-config.ts";
import { inNode } from "../platform/platform.ts";
import { type DeviceName, prepareRuntime } from "../platform/prepare.ts";
import { threadCount } from "../platform/worker-shim.ts";
import type { AtomwiseEngine } from "./atomwise-engine.ts";
import { loadNativeEngine } from "./egnn/native.ts";
import { loadWasmEngine, wasmStatus } from "./egnn/wasm.ts";
import type { DenoiserEngine } from "./engine.ts";
import { nativeStatus } from "./native-addon.ts";
import type { ImageEngine } from "./unet/unet-kernel.ts";

export const ENGINES = ["auto", "native", "wasm", "jax"] as const;
export type EngineName = (typeof ENGINES)[number];

/** Which engine to take, and whom to tell why it is not a better one. */
export interface EngineOptions {
  /** "auto": the first of native, wasm, jax that there is. */
  readonly engine?: EngineName;
  /** Where jax-js computes; asking for "webgpu" means jax. */
  readonly device?: DeviceName;
  /** Told when "auto" cannot use what is fastest, and why. */
  readonly onNotice?: (notice: string) => void;
  /** How options are written in messages; by their own names where absent. */
  readonly named?: Named;
}

/** How one network can be computed. */
export interface Ways<E extends { readonly name: string }> {
  /** What users call the network. */
  readonly network: string;
  /** Absent: there are no kernels for this network. Undefined: they do not compute it, or there is no native code. */
  readonly native?: (threads: number) => E | undefined;
  readonly wasm?: (threads: number) => Promise<E | undefined>;
  /** jax-js; it has been initialised. */
  readonly jax: () => Promise<E>;
}

/**
 * The fastest engine for a denoiser of molecules, a network with a number for each atom, or a denoiser of images, that
 * this machine has. The caller disposes of it, once.
 * @throws InputError when the engine that is asked for by name cannot compute this network here
 */
export function openEngine(
  network: { readonly denoiser: DynamicsConfig },
  options?: EngineOptions,
): Promise<DenoiserEngine>;
export function openEngine(
  network: { readonly atomwise: GeometricConfig },
  options?: EngineOptions,
): Promise<AtomwiseEngine>;
export function openEngine(
  network: { readonly image: UnetConfig },
  options?: EngineOptions,
): Promise<ImageEngine>;
export async function openEngine(
  network:
    | { readonly denoiser: DynamicsConfig }
    | { readonly atomwise: GeometricConfig }
    | { readonly image: UnetConfig },
  options: EngineOptions = {},
): Promise<DenoiserEngine | AtomwiseEngine | ImageEngine> {
  if ("denoiser" in network) return chooseEngine<DenoiserEngine>(denoiserWays(network.denoiser), options);
  if ("image" in network) return chooseEngine<ImageEngine>(await imageWays(network.image), options);
  return chooseEngine<AtomwiseEngine>(await atomwiseWays(network.atomwise), options);
}

function denoiserWays(config: DynamicsConfig): Ways<DenoiserEngine> {
  const jax = async () => (await import("./jax-engine.ts")).createJaxEngine(config);
  return {
    network: config.network,
    native: (threads) => loadNativeEngine(config, { threads }),
    wasm: (threads) => loadWasmEngine(config, { threads }),
    jax,
  };
}

/** What a page that only makes molecules does not need is loaded when it is asked for. */
async function atomwiseWays(config: GeometricConfig): Promise<Ways<AtomwiseEngine>> {
  const { painnEngine, painnSizes } = await import("./painn/painn-engine.ts");
  const { loadNativePainn } = await import("./painn/painn-native.ts");
  const { loadWasmPainn } = await import("./painn/painn-wasm.ts");
  const jax = async () => (await import("./jax-atomwise-engine.ts")).createJaxAtomwiseEngine(config);
  const network = config.kind === "painn" && config.vectors ? "painn with vectors" : config.kind;
  if (painnSizes(config) === undefined) return { network, jax };
  return {
    network,
    native: (threads) => {
      const kernel = loadNativePainn(config, { threads });
      return kernel && painnEngine(config, kernel);
    },
    wasm: async () => {
      const kernel = await loadWasmPainn(config);
      return kernel && painnEngine(config, kernel);
    },
    jax,
  };
}

async function imageWays(config: UnetConfig): Promise<Ways<ImageEngine>> {
  const { unetEngine } = await import("./unet/unet-kernel.ts");
  const { loadNativeUnet } = await import("./unet/unet-native.ts");
  const { loadWasmUnet } = await import("./unet/unet-wasm.ts");
  return {
    network: "unet",
    native: (threads) => {
      const kernel = loadNativeUnet(config, { threads });
      return kernel && unetEngine(config, kernel);
    },
    wasm: async () => {
      const kernel = await loadWasmUnet(config);
      return kernel && unetEngine(config, kernel);
    },
    jax: async () => (await import("./unet/unet-jax.ts")).createJaxUnet(config),
  };
}

/** @throws InputError when the engine that is asked for cannot compute this network here */
export async function chooseEngine<E extends { readonly name: string }>(
  { network, native, wasm, jax }: Ways<E>,
  { engine = "auto", device = "auto", onNotice, named = ownName }: EngineOptions,
): Promise<E> {
  const isAsked = engine !== "auto";
  if ((engine === "native" || engine === "wasm") && device === "webgpu")
    throw new InputError(
      `${named("engine")} ${engine} computes on the CPU; leave out ${named("device")} webgpu`,
    );
  if (engine === "jax" || device === "webgpu") return onJax(device, jax, named);
  const threads = threadCount();
  const missing: string[] = [];
  if (engine !== "wasm") {
    const found = native?.(threads);
    if (found !== undefined) return found;
    if (native === undefined) missing.push(`there is no native code for the network "${network}"`);
    else if (nativeStatus().available) missing.push(`the native code does not compute this "${network}"`);
    else missing.push(`native engine: ${nativeStatus().reason}`);
  }
  if (engine !== "native") {
    const found = await wasm?.(threads);
    const status = await wasmStatus();
    if (found !== undefined) {
      const full = status.threads && status.variants[0] !== "scalar";
      const lacking = [...(inNode ? missing : []), ...(full ? [] : [status.reason])];
      if (lacking.length > 0 && !isAsked) onNotice?.(`${lacking.join("; ")}; computing with ${found.name}`);
      return found;
    }
    missing.push(
      wasm === undefined
        ? `there is no WebAssembly for the network "${network}"`
        : `WebAssembly engine: ${status.reason}`,
    );
  }
  if (isAsked)
    throw new InputError(`${named("engine")} ${engine}: ${missing.join("; ")}; use ${named("engine")} jax`);
  onNotice?.(
    native === undefined && wasm === undefined
      ? `the fast engines do not compute the network "${network}"; computing with jax-js`
      : `${missing.join("; ")}; computing with jax-js, which is slower`,
  );
  return onJax(device, jax, named);
}

async function onJax<E>(device: DeviceName, jax: () => Promise<E>, named: Named): Promise<E> {
  await prepareRuntime(device, named);
  return jax();
}
