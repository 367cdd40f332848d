/**
 * The variational bound with a learned schedule (Hoogeboom et al. 2022, section 2 and appendix A; Kingma et al.
 * 2021, appendix H): γ enters z_t, the weights, the prior and the reconstruction, so the whole loss is one jax-js
 * function of network and schedule together. All terms are those of `objective.ts`, kind "vlb".
 */
import { paddedGraph, paddedRows } from "../../engines/padding.ts";
import { InputError } from "../../errors.ts";
import { LOG_SQRT_2PI } from "../../math/normal.ts";
import { dynamics } from "../../nets/egnn/dynamics.ts";
import { dynamicsLayout } from "../../nets/egnn/dynamics-layout.ts";
import type { Layout } from "../../nets/layers/parameters.ts";
import { type Linear, type ParameterTree, parameterTree, readTree } from "../../nets/layers/tensors.ts";
import { jax, nn, np } from "../../platform/jax.ts";
import { contextChannels } from "./condition.ts";
import { dynamicsConfig, type EdmConfig } from "./config.ts";
import { channelCount, type EncodedBatch } from "./features.ts";
import { GAMMA_LAYOUT } from "./gamma-parameters.ts";
import { volumeChange } from "./likelihood-terms.ts";
import { positionDegreesOfFreedom } from "./noise.ts";
import type { Draws } from "./objective.ts";

type GammaTree = {
  readonly first: Linear;
  readonly second: Linear;
  readonly third: Linear;
  readonly start: np.Array;
  readonly end: np.Array;
};

/** γ at times t [K, 1]; the parameters are borrowed. [K, 1] */
function gammaAt(p: GammaTree, t: np.Array): np.Array {
  const positive = (layer: Linear, x: np.Array): np.Array =>
    np.matmul(x, nn.softplus(layer.weight.ref).transpose()).add(layer.bias.ref);
  const raw = (times: np.Array): np.Array => {
    const linear = positive(p.first, times);
    return linear.ref.add(positive(p.third, nn.sigmoid(positive(p.second, linear))));
  };
  const start = raw(np.zeros([1, 1])); // [1, 1]
  const range = raw(np.ones([1, 1])).sub(start.ref);
  const share = raw(t).sub(start).div(range);
  return p.start.ref.add(p.end.ref.sub(p.start.ref).mul(share));
}

export interface LearnedObjective {
  /** As `trainingLoss` of objective.ts, for all parameters of the model. [M] */
  readonly lossAndGradient: (
    parameters: Float32Array,
    batch: EncodedBatch,
    draws: Draws,
    gradient: Float32Array,
  ) => Promise<Float64Array>;
  readonly dispose: () => void;
}

/** The objective for a model with a learned schedule of T steps. */
export function learnedObjective(config: EdmConfig): LearnedObjective {
  if (config.network.selfConditioning)
    throw new InputError("a learned schedule cannot be trained together with self-conditioning");
  const network = dynamicsConfig(config);
  const layout: Layout = [...dynamicsLayout(network), ...GAMMA_LAYOUT];
  const C = channelCount(config);
  const K = config.elements.length;
  const T = config.schedule.steps;
  const [, typeNorm, chargeNorm] = config.features.normalization;

  /** log mass of N(center, sigma²) on [−½, ½], floored. */
  const logUnitMass = (center: np.Array, sigma: np.Array): np.Array => {
    const cdf = (x: np.Array): np.Array => jax.lax.erf(x.mul(Math.SQRT1_2)).add(1).mul(0.5);
    const upper = cdf(center.ref.add(0.5).div(sigma.ref));
    return np.log(upper.sub(cdf(center.sub(0.5).div(sigma))).add(1e-10));
  };

  type Inputs = {
    readonly xh: np.Array; // [B, N, C]
    readonly noise: np.Array; // [B, N, C]
    readonly time: np.Array; // [B, 1], t in 0 … 1
    readonly context?: np.Array; // [B, N, K], the condition
    readonly atoms: np.Array; // [B, N, 1]
    readonly pairs: np.Array; // [B, N, N, 1]
    readonly divisor: np.Array; // [B, 1, 1]
    readonly freedom: np.Array; // [B], 3(N − 1)
  };

  const loss = (parameters: ParameterTree, inputs: Inputs): [np.Array, np.Array] => {
    const { gamma, ...net } = parameters as unknown as { readonly gamma: GammaTree };
    const { xh, noise, time, context, atoms, pairs, divisor, freedom } = inputs;
    const [B, N] = xh.shape;
    const isZero = time.ref.equal(0).astype(np.float32); // [B, 1]
    const gammaT = gammaAt(gamma, time.ref); // [B, 1]
    const gammaS = gammaAt(gamma, np.maximum(time.ref.sub(1 / T), 0));
    const gamma0 = gammaAt(gamma, np.zeros([1, 1])); // [1, 1]
    const gamma1 = gammaAt(gamma, np.ones([1, 1]));
    for (const layer of [gamma.first, gamma.second, gamma.third]) {
      layer.weight.dispose();
      layer.bias.dispose();
    }
    gamma.start.dispose();
    gamma.end.dispose();

    const alpha = np.sqrt(nn.sigmoid(gammaT.ref.neg())).reshape([B, 1, 1]);
    const sigma = np.sqrt(nn.sigmoid(gammaT.ref)).reshape([B, 1, 1]);
    const z = alpha.mul(xh.ref).add(sigma.mul(noise.ref)); // [B, N, C]
    const timeChannel = np.broadcastTo(time.reshape([B, 1, 1]), [B, N, 1]);
    const faded =
      config.condition?.fade && context ? context.mul(nn.sigmoid(gammaT.ref).reshape([B, 1, 1])) : context;
    const channels = [z.ref.slice([], [], [3]), timeChannel, ...(faded ? [faded] : [])];
    const h = np.concatenate(channels, 2);
    const out = dynamics(network, net as unknown as ParameterTree, z.ref.slice([], [], [0, 3]), h, {
      atoms: atoms.ref,
      pairs,
      divisor,
    });
    const squared = np.square(out.sub(noise)).sum(1); // [B, C]
    const positionError = squared.ref.slice([], [0, 3]).sum(1); // [B]
    const error = squared.sum(1);

    // L_t for t > 0, L_0 at t = 0.
    const weight = np.exp(gammaT.sub(gammaS)).sub(1).reshape([B]);
    const later = weight.mul(error).mul(0.5);
    const sigma0 = np.sqrt(nn.sigmoid(gamma0.ref)).reshape([1, 1, 1]);
    const mask = atoms; // [B, N, 1]
    const types = xh.ref.slice([], [], [3, 3 + K]).mul(typeNorm); // one-hot
    const logMass = logUnitMass(
      z.ref
        .slice([], [], [3, 3 + K])
        .mul(typeNorm)
        .sub(1),
      sigma0.ref.mul(typeNorm),
    ); // [B, N, K]
    const logTypes = nn.logSoftmax(logMass, 2).mul(types).mul(mask.ref).sum([1, 2]); // [B]
    let logFeatures = logTypes;
    if (config.features.charges) {
      const center = xh.ref
        .slice([], [], [C - 1])
        .sub(z.slice([], [], [C - 1]))
        .mul(chargeNorm);
      logFeatures = logFeatures.add(logUnitMass(center, sigma0.mul(chargeNorm)).mul(mask.ref).sum([1, 2]));
    } else {
      z.dispose();
      sigma0.dispose();
    }
    const first = positionError.mul(0.5).sub(logFeatures);
    const atZero = isZero.reshape([B]); // [B]
    const step = first.mul(atZero.ref).add(later.mul(np.subtract(1, atZero)));

    // KL(q(z_1 | x, h) ‖ N(0, I)) and the normaliser of p(x | z_0).
    const alpha1 = nn.sigmoid(gamma1.ref.neg()).reshape([1]); // α²
    const sigma1 = nn.sigmoid(gamma1).reshape([1]); // σ²
    const dimensions = freedom.ref.add(mask.sum([1, 2]).mul(C - 3)); // [B]
    const squaredMean = alpha1.mul(np.square(xh).sum([1, 2]));
    const kl = dimensions.ref
      .mul(sigma1.ref.sub(np.log(sigma1)).sub(1))
      .add(squaredMean)
      .mul(0.5);
    dimensions.dispose();
    const normalizer = freedom.mul(gamma0.reshape([1]).mul(0.5).add(LOG_SQRT_2PI));

    const losses = step
      .mul(T + 1)
      .add(kl)
      .add(normalizer); // [B]
    return [losses.ref.mean(), jax.lax.stopGradient(losses)];
  };
  const compiled = jax.jit(jax.valueAndGrad(loss, { hasAux: true }));

  const lossAndGradient: LearnedObjective["lossAndGradient"] = async (parameters, batch, draws, gradient) => {
    const N = Math.max(...batch.sizes);
    const M = batch.sizes.length;
    const padding = { molecules: Array.from({ length: M }, (_, m) => m), N };
    const divisors = Float32Array.from(batch.sizes, (n) =>
      network.aggregation === "mean" ? n : network.normalizationFactor,
    );
    const inputs: Inputs = {
      xh: paddedRows(Float32Array.from(batch.xh), C, batch.sizes, padding),
      noise: paddedRows(Float32Array.from(draws.noise), C, batch.sizes, padding),
      time: np.array(
        Float32Array.from(draws.timeSteps, (step) => step / T),
        { shape: [M, 1] },
      ),
      ...(batch.context && {
        context: paddedRows(
          perAtom(batch.context, batch.sizes),
          contextChannels(config),
          batch.sizes,
          padding,
        ),
      }),
      ...paddedGraph(batch.sizes, padding, divisors),
      freedom: np.array(Float32Array.from(batch.sizes, positionDegreesOfFreedom), { shape: [M] }),
    };
    const [[value, losses], gradients] = compiled(parameterTree(layout, parameters), inputs) as unknown as [
      [np.Array, np.Array],
      ParameterTree,
    ];
    value.dispose();
    await readTree(layout, gradients, gradient);
    const volumes = volumeChange(config, batch.sizes);
    return Float64Array.from((await losses.data()) as Float32Array, (loss, m) => loss + volumes[m]);
  };
  return { lossAndGradient, dispose: () => compiled.dispose() };
}

/** The rows of molecules as rows of their atoms. [M, K] → [A, K] */
function perAtom(rows: Float64Array, sizes: Int32Array): Float32Array {
  const K = rows.length / sizes.length;
  return Float32Array.from(
    [...sizes].flatMap((n, m) =>
      Array<number[]>(n)
        .fill([...rows.subarray(K * m, K * (m + 1))])
        .flat(),
    ),
  );
}
