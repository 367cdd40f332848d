/**
 * AdamW (Loshchilov & Hutter 2019) with optional AMSGrad (Reddi, Kale, Kumar 2018), Muon for hidden matrices where it
 * is asked for (muon.ts), and an exponential moving average of the parameters, on flat arrays: one optimiser for every
 * engine. Same formulas and order of bias corrections as PyTorch.
 */
import {
  blockMarks,
  type MatrixBlock,
  type ParameterUpdater,
  type UpdateCoefficients,
  type UpdatedArrays,
} from "../engines/update.ts";
import { type MuonOptions, muonStep } from "./muon.ts";

export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly amsgrad: boolean;
}

export interface OptimizerOptions extends AdamWOptions {
  /** Peak learning rate, which that of a step is compared with. */
  readonly learningRate: number;
  readonly emaDecay: number;
  /** Settings of Muon; its learning rate rises and falls with that of AdamW. */
  readonly muon?: MuonOptions;
}

/** Everything that an update reads and writes. */
export interface OptimizerState extends UpdatedArrays {
  /** Updates done. */
  steps: number;
}

export function createOptimizerState(parameters: Float32Array, { amsgrad }: AdamWOptions): OptimizerState {
  const P = parameters.length;
  return {
    parameters: parameters.slice(),
    ema: parameters.slice(),
    firstMoment: new Float32Array(P),
    secondMoment: new Float32Array(P),
    largestSecondMoment: new Float32Array(amsgrad ? P : 0),
    steps: 0,
  };
}

/**
 * One update in place.
 * @param learningRate of this step
 * @param scale multiplies the gradient (clipping)
 * @param blocks matrices for Muon; none where `options.muon` is absent
 */
export async function optimizerStep(
  updater: ParameterUpdater,
  state: OptimizerState,
  gradient: Float32Array,
  learningRate: number,
  scale: number,
  options: OptimizerOptions,
  blocks: readonly MatrixBlock[] = [],
): Promise<void> {
  const { beta1, beta2, epsilon, weightDecay, emaDecay, muon } = options;
  const matrixRate = ((muon?.learningRate ?? 0) * learningRate) / options.learningRate;
  state.steps++;
  await updater.update(state, gradient, muon ? blocks : [], {
    ...{ scale, beta1, beta2, epsilon, emaDecay, matrixRate },
    keep: 1 - learningRate * weightDecay,
    stepSize: learningRate / (1 - beta1 ** state.steps),
    secondCorrection: 1 / Math.sqrt(1 - beta2 ** state.steps),
    matrixKeep: 1 - matrixRate * (muon?.weightDecay ?? 0),
    momentum: muon?.momentum ?? 0,
  });
}

/** ‖gradient‖₂, summed in double precision. */
export function gradientNorm(gradient: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < gradient.length; i++) sum += gradient[i] * gradient[i];
  return Math.sqrt(sum);
}

/** Updates in plain JavaScript. */
export const plainUpdater: ParameterUpdater = {
  gradientNorm: async (gradient) => gradientNorm(gradient),
  update: async (arrays, gradient, blocks, coefficients) => {
    for (const block of blocks) muonStep(block, arrays, gradient, coefficients);
    adamWStep(arrays, gradient, coefficients, blockMarks(blocks, gradient.length));
    averageStep(arrays, coefficients);
  },
};

/** AdamW of all elements that are not marked. */
function adamWStep(
  { parameters, firstMoment: m, secondMoment: v, largestSecondMoment: largest }: UpdatedArrays,
  gradient: Float32Array,
  { scale, beta1, beta2, epsilon, keep, stepSize, secondCorrection }: UpdateCoefficients,
  marks: Uint8Array,
): void {
  for (let i = 0; i < parameters.length; i++) {
    if (marks[i]) continue;
    const g = gradient[i] * scale;
    m[i] = beta1 * m[i] + (1 - beta1) * g;
    v[i] = beta2 * v[i] + (1 - beta2) * g * g;
    let second = v[i];
    if (largest.length > 0) {
      if (second > largest[i]) largest[i] = second;
      second = largest[i];
    }
    parameters[i] =
      parameters[i] * keep - (stepSize * m[i]) / (Math.sqrt(second) * secondCorrection + epsilon);
  }
}

function averageStep({ parameters, ema }: UpdatedArrays, { emaDecay }: UpdateCoefficients): void {
  for (let i = 0; i < parameters.length; i++) ema[i] = emaDecay * ema[i] + (1 - emaDecay) * parameters[i];
}
