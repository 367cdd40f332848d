/**
 * The U-Net in WebAssembly, for machines without a C compiler and for browsers: unet.c in one memory, on the caller's
 * thread. Memory is laid out anew for each call behind what stays: model, weights, and the parameters they are of.
 */
import { layoutSize } from "../../nets/layers/parameters.ts";
import { type UnetConfig, unetLayout } from "../../nets/unet/unet-config.ts";
import { keepParameters, type WasmVariant, wasmInstance, wasmVariants } from "../wasm-module.ts";
import { type ImageBatch, type UnetComputation, unetIsCompiled } from "./unet-kernel.ts";

/** Functions of unet_wasm.c; numbers are addresses unless named otherwise. */
interface UnetExports {
  readonly callBytes: () => number;
  readonly modelBytes: () => number;
  readonly initModel: (model: number, ...sizes: readonly number[]) => void;
  readonly weightsBytes: (model: number) => number;
  readonly partialBytes: (model: number) => number;
  readonly workspaceBytes: (model: number) => number;
  readonly setBatch: (call: number, ...values: readonly number[]) => void;
  readonly setOutput: (call: number, output: number) => void;
  readonly setTraining: (call: number, ...values: readonly number[]) => void;
  readonly update: (from: number, to: number, count: number) => number;
  readonly pack: (call: number) => void;
  readonly evaluate: (call: number, workspace: number) => void;
  readonly train: (call: number, workspace: number) => void;
}

/** As UNET_LANES in unet.h. */
const LANES = 8;

/**
 * The kernel for a network, or undefined where there is no WebAssembly or no such network is computed.
 * @throws InputError for a variant that this JavaScript engine does not run
 */
export async function loadWasmUnet(
  config: UnetConfig,
  { variant = wasmVariants()[0] }: { readonly variant?: WasmVariant } = {},
): Promise<UnetComputation | undefined> {
  if (variant === undefined || !unetIsCompiled(config)) return undefined;
  const { exports: core, arena } = await wasmInstance<UnetExports>("unet", variant);
  const { place, copy, read } = arena;
  const count = layoutSize(unetLayout(config));
  const { height, width, timeFeatures, embedding, channels } = config;
  const model = place(core.modelBytes());
  core.initModel(model, height, width, timeFeatures, embedding, ...[0, 1, 2, 3].map((l) => channels[l] ?? 0));
  const weights = place(core.weightsBytes(model));
  const call = place(core.callBytes());
  const known = keepParameters(core, arena, count);
  const workspace = place(core.workspaceBytes(model));
  const start = arena.end();

  /** Lays out the batch; packs the weights where the parameters are new. */
  const begin = (parameters: Float32Array, { images, features }: ImageBatch): void => {
    const changed = known.change(parameters, start);
    const B = features.length / timeFeatures;
    core.setBatch(call, model, known.at, weights, B, copy(images), copy(features));
    if (changed) core.pack(call);
  };
  return {
    name: `wasm (${variant})`,
    evaluate: (parameters, batch, output) => {
      begin(parameters, batch);
      const outputAt = place(output.byteLength);
      core.setOutput(call, outputAt);
      core.evaluate(call, workspace);
      read(outputAt, output);
    },
    train: (parameters, batch, { target, weight }, errors, gradient) => {
      if (weight.length === 0) {
        gradient.fill(0);
        return;
      }
      begin(parameters, batch);
      const given = [copy(target), copy(weight)];
      const errorsAt = place(errors.byteLength);
      const partial = place(Math.min(LANES, weight.length) * core.partialBytes(model));
      const gradientAt = place(gradient.byteLength);
      core.setTraining(call, ...given, errorsAt, partial, gradientAt);
      core.train(call, workspace);
      read(errorsAt, errors);
      read(gradientAt, gradient);
    },
    dispose: () => undefined,
  };
}
