/** The native engine: fused EGNN kernels in C (egnn.c) behind Node-API, the fastest there is on a CPU. */
import { InputError, WorkError } from "../../errors.ts";
import type { DynamicsConfig } from "../../nets/egnn/dynamics-layout.ts";
import {
  attempt,
  type NativeAddon,
  type NativeHandle,
  type NativeOptions,
  nativeAddon,
} from "../native-addon.ts";
import type { ParameterUpdater } from "../update.ts";
import { type KernelEngine, kernelEngine } from "./kernel-engine.ts";

/**
 * The native engine for a network, or undefined where it was not built.
 * @throws InputError for a configuration or instruction set it cannot compute
 */
export function loadNativeEngine(
  config: DynamicsConfig,
  options: NativeOptions = {},
): KernelEngine | undefined {
  const addon = nativeAddon()?.egnn;
  if (addon === undefined) return undefined;
  const handle = create(addon, config, options);
  return kernelEngine(config, {
    name: `native (${options.isa ?? addon.instructionSets()[0]})`,
    forward: (parameters, { sizes, positions, features, guess = NONE }, meanOver, output) =>
      explained(addon.forward(handle, parameters, sizes, positions, features, guess, meanOver, output)),
    squaredError: (parameters, batch, meanOver, target, errors, gradient) => {
      const { sizes, positions, features, guess = NONE } = batch;
      const inputs = [parameters, sizes, positions, features, guess, meanOver] as const;
      const wanted = [target.target, target.positionWeight, target.featureWeight] as const;
      return explained(
        addon.squaredError(handle, ...inputs, ...wanted, errors.position, errors.feature, gradient),
      );
    },
    gradientNorm: (gradient) => explained(addon.gradientNorm(handle, gradient)),
    update: (arrays, gradient, blocks, marks, coefficients) => {
      const { parameters, ema, firstMoment, secondMoment, largestSecondMoment } = arrays;
      const changed = [parameters, ema, firstMoment, secondMoment, largestSecondMoment] as const;
      return explained(addon.update(handle, gradient, ...changed, blocks, marks, coefficients));
    },
    dispose: () => addon.dispose(handle),
  });
}

const NONE = new Float32Array(0);

/** The smallest network: updates know nothing of networks, they use the add-on's threads and instruction set. */
const ANY_NETWORK: DynamicsConfig = {
  network: "egnn",
  inFeatures: 1,
  outFeatures: 1,
  hidden: 16,
  layers: 1,
  sublayers: 1,
  attention: false,
  tanh: false,
  coordsRange: 1,
  normConstant: 1,
  aggregation: "sum",
  normalizationFactor: 1,
  sinEmbedding: false,
  selfConditioning: false,
};

/** Parameter updates in native code for networks of other kinds, or undefined where it was not built. */
export function loadNativeUpdater(
  options: NativeOptions = {},
): { readonly updater: ParameterUpdater; readonly dispose: () => void } | undefined {
  const engine = loadNativeEngine(ANY_NETWORK, options);
  return engine && { updater: engine.updater, dispose: engine.dispose };
}

async function explained<T>(operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (error) {
    throw new WorkError(`native engine: ${(error as Error).message}`, { cause: error });
  }
}

function create(
  addon: NativeAddon["egnn"],
  config: DynamicsConfig,
  { threads = 1, isa = "" }: NativeOptions,
): NativeHandle {
  const {
    inFeatures,
    outFeatures,
    hidden,
    layers,
    sublayers,
    coordsRange,
    normConstant,
    normalizationFactor,
  } = config;
  const numbers = {
    inFeatures,
    outFeatures,
    hidden,
    layers,
    sublayers,
    coordsRange,
    normConstant,
    normalizationFactor,
  };
  const flags = {
    attention: Number(config.attention),
    tanh: Number(config.tanh),
    mean: Number(config.aggregation === "mean"),
    sinEmbedding: Number(config.sinEmbedding),
    selfConditioning: Number(config.selfConditioning),
    baseline: Number(config.network === "gnn"),
  };
  return attempt("native engine", InputError, () => addon.create({ ...numbers, ...flags, threads }, isa));
}
