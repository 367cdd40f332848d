/**
 * PaiNN in WebAssembly, for machines without a C compiler and for browsers: painn.c in one memory, on the caller's
 * thread. Memory is laid out anew for each call behind what stays: model, weights, and the parameters they are of.
 */
import { type GeometricConfig, geometricLayout } from "../../nets/geometric.ts";
import { layoutSize } from "../../nets/layers/parameters.ts";
import type { SpeciesBatch } from "../atomwise-engine.ts";
import { keepParameters, type WasmVariant, wasmInstance, wasmVariants } from "../wasm-module.ts";
import { type PainnKernel, painnSizes } from "./painn-engine.ts";

/** Functions of painn_wasm.c; numbers are addresses unless named otherwise. */
interface PainnExports {
  readonly callBytes: () => number;
  readonly configBytes: () => number;
  readonly setConfig: (config: number, ...values: readonly number[]) => void;
  readonly modelBytes: (config: number) => number;
  readonly initModel: (model: number, config: number) => void;
  readonly weightsBytes: (model: number) => number;
  readonly partialBytes: (model: number) => number;
  readonly setBatch: (call: number, ...values: readonly number[]) => void;
  readonly setEvaluation: (call: number, outputs: number, slope: number) => void;
  readonly setTraining: (call: number, ...values: readonly number[]) => void;
  readonly workspaceBytes: (call: number) => number;
  readonly update: (from: number, to: number, count: number) => number;
  readonly pack: (call: number) => void;
  readonly evaluate: (call: number, workspace: number) => void;
  readonly train: (call: number, workspace: number) => void;
}

/** As PAINN_LANES in painn.h. */
const LANES = 4;

/**
 * The kernel for a network, or undefined where there is no WebAssembly or no such network is computed.
 * @throws InputError for a variant that this JavaScript engine does not run
 */
export async function loadWasmPainn(
  config: GeometricConfig,
  { variant = wasmVariants()[0] }: { readonly variant?: WasmVariant } = {},
): Promise<PainnKernel | undefined> {
  const sizes = painnSizes(config);
  if (variant === undefined || sizes === undefined) return undefined;
  const { exports: core, arena } = await wasmInstance<PainnExports>("painn", variant);
  const { place, copy, read } = arena;

  const count = layoutSize(geometricLayout(config));
  const configAt = place(core.configBytes());
  const { types, hidden, layers, radial, bessel, head, cutoff } = sizes;
  core.setConfig(configAt, types, hidden, layers, radial, bessel, head, cutoff);
  const model = place(core.modelBytes(configAt));
  core.initModel(model, configAt);
  const weights = place(core.weightsBytes(model));
  const call = place(core.callBytes());
  const known = keepParameters(core, arena, count);
  const start = arena.end();

  /** Lays out the batch; packs the weights where the parameters are new. */
  const begin = (parameters: Float32Array, batch: SpeciesBatch): void => {
    const changed = known.change(parameters, start);
    const [sizesAt, speciesAt, positionsAt] = [batch.sizes, batch.species, batch.positions].map(copy);
    core.setBatch(call, model, known.at, weights, batch.sizes.length, sizesAt, speciesAt, positionsAt);
    if (changed) core.pack(call);
  };
  return {
    name: `wasm (${variant})`,
    evaluate: (parameters, batch, outputs, slope) => {
      begin(parameters, batch);
      const outputsAt = place(outputs.byteLength);
      const slopeAt = slope === null ? 0 : place(slope.byteLength);
      core.setEvaluation(call, outputsAt, slopeAt);
      core.evaluate(call, place(core.workspaceBytes(call)));
      read(outputsAt, outputs);
      if (slope !== null) read(slopeAt, slope);
    },
    train: (parameters, batch, coefficients, direction, gradient) => {
      if (batch.sizes.length === 0) {
        gradient.fill(0);
        return;
      }
      begin(parameters, batch);
      const given = [copy(coefficients), direction === null ? 0 : copy(direction)];
      const partial = place(Math.min(LANES, batch.sizes.length) * core.partialBytes(model));
      const gradientAt = place(gradient.byteLength);
      core.setTraining(call, ...given, partial, gradientAt);
      core.train(call, place(core.workspaceBytes(call)));
      read(gradientAt, gradient);
    },
    dispose: () => undefined,
  };
}
