/** The conformer network, by compiled code or by jax-js: displacements, and the loss with its gradient. */

import type { GeoDiffKernel } from "../../engines/geodiff/geodiff-kernel.ts";
import { loadNativeGeoDiff } from "../../engines/geodiff/geodiff-native.ts";
import { loadWasmGeoDiff } from "../../engines/geodiff/geodiff-wasm.ts";
import { chooseEngine, type EngineOptions } from "../../engines/open-engine.ts";
import { type GeoDiffParameters, geoDiff, geoDiffLayout } from "../../nets/geodiff/geodiff.ts";
import { type Layout, layoutSize } from "../../nets/layers/parameters.ts";
import { type ParameterTree, parameterTree, readTree } from "../../nets/layers/tensors.ts";
import { jax, np } from "../../platform/jax.ts";
import { geoDiffInput, type NoisedGraphs, raggedGraphs } from "./batch.ts";
import { type GeoDiffModelConfig, geoDiffNetwork } from "./config.ts";

/** Computes the network of GeoDiff. The caller disposes of it. */
export interface ConformerNetwork {
  /** "native (AVX-512)", "jax (wasm)" */
  readonly name: string;
  readonly layout: Layout;
  /** Displacement Δ of every atom in Å. [A, 3] */
  readonly displacement: (parameters: Float32Array, noised: NoisedGraphs) => Promise<Float64Array>;
  /** Loss of each molecule; the gradient of their mean replaces the contents of `gradient`. [M] */
  readonly loss: (
    parameters: Float32Array,
    noised: NoisedGraphs,
    target: Float64Array,
    weight: Float64Array,
    gradient: Float32Array,
  ) => Promise<Float64Array>;
  /** Frees what it holds; it cannot compute any more. */
  readonly dispose: () => void;
}

export const CONFORMER_ENGINES = ["auto", "native", "wasm", "jax"] as const;
export type ConformerEngine = (typeof CONFORMER_ENGINES)[number];
/** Which engine computes it. */
export type ConformerEngineOptions = Pick<EngineOptions, "engine" | "onNotice" | "named">;

/** Opens an engine for the network of GeoDiff. @throws InputError when native code is asked for and is not there, or does not compute this network */
export async function createConformerNetwork(
  config: Pick<GeoDiffModelConfig, "elements" | "network">,
  options: ConformerEngineOptions = {},
): Promise<ConformerNetwork> {
  return chooseEngine(
    {
      network: "geodiff",
      native: (threads) => {
        const kernel = loadNativeGeoDiff(geoDiffNetwork(config), { threads });
        return kernel && compiledConformerNetwork(config, kernel);
      },
      wasm: async () => {
        const kernel = await loadWasmGeoDiff(geoDiffNetwork(config));
        return kernel && compiledConformerNetwork(config, kernel);
      },
      jax: async () => createJaxConformerNetwork(config),
    },
    { ...options, device: "cpu" },
  );
}

/** The network by compiled code; owns the kernel. */
export function compiledConformerNetwork(
  config: Pick<GeoDiffModelConfig, "elements" | "network">,
  kernel: GeoDiffKernel,
): ConformerNetwork {
  return {
    name: kernel.name,
    layout: geoDiffLayout(geoDiffNetwork(config)),
    displacement: async (parameters, noised) => {
      const output = new Float32Array(noised.positions.length);
      kernel.evaluate(parameters, raggedGraphs(config, noised), output);
      return Float64Array.from(output);
    },
    loss: async (parameters, noised, target, weight, gradient) => {
      const losses = new Float64Array(noised.graphs.length);
      const graphs = raggedGraphs(config, noised);
      kernel.train(
        parameters,
        graphs,
        Float32Array.from(target),
        Float32Array.from(weight),
        losses,
        gradient,
      );
      return losses;
    },
    dispose: kernel.dispose,
  };
}

/** The readable definition, run as it stands; jax must be initialised (`prepareRuntime`). */
export function createJaxConformerNetwork(
  config: Pick<GeoDiffModelConfig, "elements" | "network">,
): ConformerNetwork {
  const layout = geoDiffLayout(geoDiffNetwork(config));
  // Kernels by kernel, not one compiled function: fused backward passes through the activation recompute it for every
  // product and were measured 10 to 100 times slower.
  const forward = (tree: ParameterTree, input: Parameters<typeof geoDiff>[1]): np.Array =>
    geoDiff(tree as unknown as GeoDiffParameters, input);
  /** Weighted squared error of each molecule. [M] */
  const squaredErrors = (
    tree: ParameterTree,
    input: Parameters<typeof geoDiff>[1],
    target: np.Array,
    weight: np.Array,
  ): np.Array => np.square(forward(tree, input).sub(target)).sum(2).mul(weight).sum(1);

  let uploaded: { readonly copy: Float32Array; readonly tree: ParameterTree } | undefined;
  const upload = (parameters: Float32Array): ParameterTree => {
    if (parameters.length !== layoutSize(layout))
      throw new RangeError(`expected ${layoutSize(layout)} parameters, got ${parameters.length}`);
    if (uploaded === undefined || uploaded.copy.some((value, i) => value !== parameters[i])) {
      if (uploaded) jax.tree.dispose(uploaded.tree);
      uploaded = { copy: parameters.slice(), tree: parameterTree(layout, parameters) };
    }
    return jax.tree.ref(uploaded.tree);
  };

  return {
    name: `jax (${jax.defaultDevice()})`,
    layout,
    displacement: async (parameters, noised) => {
      const out = forward(upload(parameters), geoDiffInput(config, noised));
      const N = out.shape[1];
      const values = (await out.data()) as Float32Array; // [B, N, 3]
      const result = new Float64Array(noised.positions.length);
      let row = 0;
      noised.graphs.forEach(({ size }, m) => {
        result.set(values.subarray(3 * N * m, 3 * (N * m + size)), row);
        row += 3 * size;
      });
      return result;
    },
    loss: async (parameters, noised, target, weight, gradient) => {
      const input = geoDiffInput(config, noised);
      const [M, N] = input.positions.shape;
      const padded = new Float32Array(M * N * 3);
      const perAtom = new Float32Array(M * N);
      let row = 0;
      noised.graphs.forEach(({ size }, m) => {
        padded.set(target.subarray(row, row + 3 * size), 3 * N * m);
        perAtom.fill(weight[m], N * m, N * m + size);
        row += 3 * size;
      });
      const [errors, transposed] = jax.vjp(
        (tree: ParameterTree): np.Array =>
          squaredErrors(
            tree,
            input,
            np.array(padded, { shape: [M, N, 3] }),
            np.array(perAtom, { shape: [M, N] }),
          ),
        [upload(parameters)],
      );
      const each = (await errors.data()) as Float32Array;
      const [gradients] = transposed(np.array(new Float32Array(M).fill(1 / M))) as unknown as [ParameterTree];
      transposed.dispose();
      await readTree(layout, gradients, gradient);
      return Float64Array.from(each);
    },
    dispose: () => {
      if (uploaded) jax.tree.dispose(uploaded.tree);
      uploaded = undefined;
    },
  };
}
