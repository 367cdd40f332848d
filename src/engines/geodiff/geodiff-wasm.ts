/**
 * The conformer network in WebAssembly, for machines without a C compiler and for browsers: geodiff.c in one memory, on
 * the caller's thread. Memory is laid out anew for each call behind what stays: weights, and the parameters they are of.
 */
import { type GeoDiffConfig, geoDiffLayout } from "../../nets/geodiff/geodiff.ts";
import { layoutSize } from "../../nets/layers/parameters.ts";
import { checkLength } from "../check-length.ts";
import { keepParameters, type WasmVariant, wasmInstance, wasmVariants } from "../wasm-module.ts";
import { checkGraphs, computesWidth, type GeoDiffKernel, type RaggedGraphs } from "./geodiff-kernel.ts";

/** Functions of geodiff_wasm.c; numbers are addresses unless named otherwise. */
interface GeoDiffExports {
  readonly callBytes: () => number;
  readonly setConfig: (call: number, ...sizes: readonly number[]) => void;
  readonly weightsBytes: (call: number) => number;
  readonly partialBytes: (call: number) => number;
  readonly setBatch: (call: number, ...values: readonly number[]) => void;
  readonly setOutput: (call: number, output: number) => void;
  readonly setTraining: (call: number, ...values: readonly number[]) => void;
  readonly workspaceBytes: (call: number) => number;
  readonly update: (from: number, to: number, count: number) => number;
  readonly pack: (call: number) => void;
  readonly evaluate: (call: number, workspace: number) => void;
  readonly train: (call: number, workspace: number) => void;
}

/** As GEODIFF_LANES in geodiff.h. */
const LANES = 4;

/**
 * The kernel for a network, or undefined where there is no WebAssembly or no such network is computed.
 * @throws InputError for a variant that this JavaScript engine does not run
 */
export async function loadWasmGeoDiff(
  config: GeoDiffConfig,
  { variant = wasmVariants()[0] }: { readonly variant?: WasmVariant } = {},
): Promise<GeoDiffKernel | undefined> {
  if (variant === undefined || !computesWidth(config)) return undefined;
  const { exports: core, arena } = await wasmInstance<GeoDiffExports>("geodiff", variant);
  const count = layoutSize(geoDiffLayout(config));
  const { atomFeatures, hidden, localLayers, globalLayers } = config;
  const call = arena.place(core.callBytes());
  core.setConfig(call, atomFeatures, hidden, localLayers, globalLayers);
  const weights = arena.place(core.weightsBytes(call));
  const known = keepParameters(core, arena, count);
  const start = arena.end();

  /** Lays out the batch; packs the weights where the parameters are new. */
  const begin = (parameters: Float32Array, graphs: RaggedGraphs): void => {
    checkLength("parameters", parameters, count);
    checkGraphs(config, graphs);
    const changed = known.change(parameters, start);
    const { counts, atoms, positions, scales, local, features, far, centres, signs } = graphs;
    const arrays = [counts, atoms, positions, scales, local, features, far, centres, signs].map(arena.copy);
    core.setBatch(call, known.at, weights, counts.length / 4, ...arrays);
    if (changed) core.pack(call);
  };
  return {
    name: `wasm (${variant})`,
    evaluate: (parameters, graphs, output) => {
      begin(parameters, graphs);
      const at = arena.place(output.byteLength);
      core.setOutput(call, at);
      core.evaluate(call, arena.place(core.workspaceBytes(call)));
      arena.read(at, output);
    },
    train: (parameters, graphs, target, weight, losses, gradient) => {
      begin(parameters, graphs);
      const wanted = [target, weight].map(arena.copy);
      const lossesAt = arena.place(losses.byteLength);
      const partial = arena.place(LANES * core.partialBytes(call));
      const gradientAt = arena.place(gradient.byteLength);
      core.setTraining(call, ...wanted, lossesAt, partial, gradientAt);
      core.train(call, arena.place(core.workspaceBytes(call)));
      arena.read(lossesAt, losses);
      arena.read(gradientAt, gradient);
    },
    dispose: () => undefined,
  };
}
