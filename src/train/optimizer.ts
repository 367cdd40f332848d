/**
 * AdamW (Loshchilov & Hutter 2019) with optional AMSGrad (Reddi, Kale, Kumar 2018), and an exponential moving
 * average of the parameters, on flat arrays: one optimiser for every engine. Same formulas and order of bias
 * corrections as PyTorch.
 */

export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly amsgrad: boolean;
}

/** Everything that an update reads and writes. All arrays have the length of the parameters. */
export interface OptimizerState {
  readonly parameters: Float32Array;
  /** Moving average of the parameters; what is evaluated and shipped. */
  readonly ema: Float32Array;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
  /** Largest second moment so far (AMSGrad); empty when it is not used. */
  readonly largestSecondMoment: Float32Array;
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

/** ‖gradient‖₂, summed in double precision. */
export function gradientNorm(gradient: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < gradient.length; i++) sum += gradient[i] * gradient[i];
  return Math.sqrt(sum);
}

/**
 * One update in place.
 * @param scale multiplies the gradient (clipping)
 * @param emaDecay weight of the old average; 0.9999 in EDM
 */
export function adamWStep(
  state: OptimizerState,
  gradient: Float32Array,
  learningRate: number,
  scale: number,
  emaDecay: number,
  { beta1, beta2, epsilon, weightDecay, amsgrad }: AdamWOptions,
): void {
  state.steps++;
  const { parameters, ema, firstMoment: m, secondMoment: v, largestSecondMoment: largest } = state;
  const stepSize = learningRate / (1 - beta1 ** state.steps);
  const secondCorrection = 1 / Math.sqrt(1 - beta2 ** state.steps);
  const keep = 1 - learningRate * weightDecay;
  for (let i = 0; i < parameters.length; i++) {
    const g = gradient[i] * scale;
    m[i] = beta1 * m[i] + (1 - beta1) * g;
    v[i] = beta2 * v[i] + (1 - beta2) * g * g;
    let second = v[i];
    if (amsgrad) {
      if (second > largest[i]) largest[i] = second;
      second = largest[i];
    }
    parameters[i] =
      parameters[i] * keep - (stepSize * m[i]) / (Math.sqrt(second) * secondCorrection + epsilon);
    ema[i] = emaDecay * ema[i] + (1 - emaDecay) * parameters[i];
  }
}
