/**
 * The textbook figures of what a divergence makes of a fit (Bishop 2006, figures 10.2 and 10.3): one Gaussian without
 * correlation to a correlated one, one and two Gaussians to two modes.
 */

import { initialParameters, namedViews } from "../../nets/layers/parameters.ts";
import { parameterTree, readTree } from "../../nets/layers/tensors.ts";
import { jax, np } from "../../platform/jax.ts";
import { createOptimizerState, optimizerStep, plainUpdater } from "../../train/optimizer.ts";
import { PANEL, type Panel } from "../../views/pictures/figure.ts";
import { gridOver, heatMap, panel, type View } from "../../views/pictures/panels.ts";
import { type GaussianMixture, gaussianMixture, mixtureLogDensity } from "../data/gaussian-mixture.ts";
import {
  type DivergenceSettings,
  divergenceFit,
  divergenceSettings,
} from "../models/variational/divergence-model.ts";

const VIEW: View = { center: [0, 0], radius: 3 };
const SHADES = 120;
const STEPS = 250;
const RATE = 0.1;

/** Fitted Gaussians: weight, mean and the factor L of the precision L Lᵀ as [l00, l10, l11]. */
export interface FittedGaussian {
  readonly weight: number;
  readonly mean: readonly [number, number];
  readonly factor: readonly [number, number, number];
}

/** The mixture that a divergence has led to. */
export interface DivergenceFit {
  readonly gaussians: readonly FittedGaussian[];
  /** The divergence at the end, in nats for the two KL. */
  readonly divergence: number;
}

/** Fits Gaussians to a mixture within [−4.5, 4.5]² by gradient descent (Adam). jax must be initialised. */
export async function fitByDivergence(
  mixture: GaussianMixture,
  settings: Partial<DivergenceSettings>,
  seed: number,
): Promise<DivergenceFit> {
  const facts = { name: "target", lowest: [-3, -3], highest: [3, 3], mixture };
  const chosen = divergenceSettings.parse(settings);
  const model = divergenceFit.build(chosen, { kind: "points", dimension: 2 }, facts);
  const options = {
    ...{ learningRate: RATE, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0 },
    ...{ amsgrad: false, emaDecay: 0 },
  };
  const state = createOptimizerState(initialParameters(model.layout, seed), options);
  const gradient = new Float32Array(state.parameters.length);
  const step = jax.jit(
    jax.valueAndGrad((p: ReturnType<typeof parameterTree>, x: np.Array) => model.loss(p, x, {}).mean()),
  );
  let divergence = Number.NaN;
  for (let s = 0; s < STEPS; s++) {
    const [loss, gradients] = step(
      parameterTree(model.layout, state.parameters),
      np.zeros([1, 2]),
    ) as unknown as [np.Array, unknown];
    [divergence] = (await loss.data()) as Float32Array;
    await readTree(model.layout, gradients, gradient);
    await optimizerStep(plainUpdater, state, gradient, RATE * (1 - s / STEPS), 1, options);
  }
  step.dispose();
  model.dispose?.();
  const views = namedViews(model.layout, state.parameters);
  const view = (name: string): Float32Array => views.get(name) as Float32Array;
  const weights = Array.from(view("logits"), Math.exp);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const gaussians = weights.map(
    (weight, k): FittedGaussian => ({
      weight: weight / total,
      mean: [view("means")[2 * k], view("means")[2 * k + 1]],
      factor: [
        Math.exp(view("logDiagonal")[2 * k]),
        views.get("below")?.[4 * k + 2] ?? 0,
        Math.exp(view("logDiagonal")[2 * k + 1]),
      ],
    }),
  );
  return { gaussians, divergence };
}

/** Ellipses at one and two standard deviations: x = μ + r L⁻ᵀ (cos φ, sin φ). */
function ellipses({ gaussians }: DivergenceFit): string {
  const paths = gaussians.flatMap(({ weight, mean, factor: [l00, l10, l11] }) =>
    [1, 2].map((r) => {
      const corners = Array.from({ length: 73 }, (_, k) => {
        const phi = (2 * Math.PI * k) / 72;
        const second = (r * Math.sin(phi)) / l11;
        const x = mean[0] + (r * Math.cos(phi) - l10 * second) / l00;
        const y = mean[1] + second;
        return [x / VIEW.radius, -y / VIEW.radius].map((u) => (((u + 1) * PANEL) / 2).toFixed(1)).join(",");
      });
      return `<path d="M${corners.join("L")}" stroke-opacity="${Math.min(1, 0.3 + weight).toFixed(2)}"/>`;
    }),
  );
  return `<g fill="none" stroke="#cf222e" stroke-width="1.5">${paths.join("")}</g>`;
}

const CORRELATED = gaussianMixture([
  {
    mean: [0, 0],
    covariance: [
      [1, 0.85],
      [0.85, 1],
    ],
  },
]);
const mode = (x: number, y: number, tilt: number) => ({
  mean: [x, y],
  covariance: [
    [0.3, tilt],
    [tilt, 0.3],
  ],
});
const BIMODAL = gaussianMixture([mode(-1.1, -1.1, -0.12), mode(1.1, 1.1, -0.12)]);

type Case = readonly [title: string, settings: Partial<DivergenceSettings>, seed: number];
const DIAGONAL = { covariance: "diagonal" } as const;
const CORRELATED_CASES: readonly Case[] = [
  ["KL(p ‖ q), no correlation", { ...DIAGONAL, divergence: "forward" }, 1],
  ["α = 0, no correlation", { ...DIAGONAL, divergence: "alpha", alpha: 0 }, 1],
  ["KL(q ‖ p), no correlation", { ...DIAGONAL, divergence: "reverse" }, 1],
];
const BIMODAL_CASES: readonly Case[] = [
  ["KL(p ‖ q), one Gaussian", { divergence: "forward" }, 1],
  ["KL(q ‖ p), one Gaussian", { divergence: "reverse" }, 1],
  ["KL(q ‖ p), another start", { divergence: "reverse" }, 3],
  ["α = 0.5, one Gaussian", { divergence: "alpha", alpha: 0.5 }, 1],
  ["α = −0.5, one Gaussian", { divergence: "alpha", alpha: -0.5 }, 1],
  ["KL(p ‖ q), two Gaussians", { divergence: "forward", components: 2 }, 3],
  ["KL(q ‖ p), two Gaussians", { divergence: "reverse", components: 2 }, 3],
];

/** Twelve panels, to be laid out in rows of four; the target in blue, fits in red. jax must be initialised. */
export async function divergencePanels(onPanel?: () => void): Promise<readonly Panel[]> {
  const panels: Panel[] = [];
  const grid = gridOver(VIEW, SHADES);
  for (const [target, name, cases] of [
    [CORRELATED, "a correlated Gaussian p", CORRELATED_CASES],
    [BIMODAL, "two modes p", BIMODAL_CASES],
  ] as const) {
    const shades = heatMap(mixtureLogDensity(target, Float64Array.from(grid)).map(Math.exp), SHADES);
    panels.push(panel(name, shades));
    for (const [title, settings, seed] of cases) {
      const fit = await fitByDivergence(target, settings, seed);
      panels.push(panel(title, shades + ellipses(fit), `divergence ${fit.divergence.toFixed(3)}`));
      onPanel?.();
    }
  }
  return panels;
}

/** Fits in the figure. */
export const DIVERGENCE_FITS = CORRELATED_CASES.length + BIMODAL_CASES.length;
