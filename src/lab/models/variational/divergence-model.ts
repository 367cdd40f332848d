/**
 * One or more Gaussians fitted to a known density by the divergence that is asked for, on a grid over the plane. The
 * rows of the data only tell where the plane is; nothing is learned from them.
 */
import { z } from "zod";
import { InputError } from "../../../errors.ts";
import { stream } from "../../../math/random.ts";
import { count } from "../../../models/limits.ts";
import { namedViews } from "../../../nets/layers/parameters.ts";
import type { ParameterTree } from "../../../nets/layers/tensors.ts";
import { nn, np } from "../../../platform/jax.ts";
import { type GaussianMixture, mixtureLogDensity } from "../../data/gaussian-mixture.ts";
import type { LabFacts, LabModel, LabModelKind } from "../lab-model.ts";
import { rowFunction } from "../rows.ts";
import { type Divergence, divergence } from "./divergence.ts";
import { type Gaussians, gaussiansLayout, logGaussians } from "./gaussians.ts";

/** Settings of the fit, checked. */
export const divergenceSettings = z.strictObject({
  /** "forward" is KL(p ‖ q), "reverse" KL(q ‖ p), "alpha" what lies between and beyond. */
  divergence: z.enum(["forward", "reverse", "alpha"]).default("reverse"),
  /** α of the α-divergence, neither 1 nor −1. */
  alpha: z
    .number()
    .refine((alpha) => Math.abs(alpha) !== 1, "α = 1 is divergence=forward, α = −1 is divergence=reverse")
    .default(0.5),
  /** Gaussians of the fit. */
  components: count.max(10_000).default(1),
  covariance: z.enum(["full", "diagonal"]).default("full"),
});
/** Settings of the fit. */
export type DivergenceSettings = z.infer<typeof divergenceSettings>;

/** Cells along each side of the grid. */
const CELLS = 80;

/** A square over the data and a quarter more on every side. */
export function gridOfFacts({ lowest, highest }: LabFacts): {
  readonly points: Float32Array;
  readonly area: number;
} {
  const [x, y] = [0, 1].map((d) => {
    const reach = 0.75 * (highest[d] - lowest[d]);
    const width = (2 * reach) / CELLS;
    const from = (highest[d] + lowest[d]) / 2 - reach;
    return { width, centres: Array.from({ length: CELLS }, (_, k) => from + (k + 0.5) * width) };
  });
  const points = Float32Array.from(x.centres.flatMap((a) => y.centres.flatMap((b) => [a, b])));
  return { points, area: x.width * y.width };
}

/**
 * The density inside the square alone, its integral 1 there: otherwise a fit could make KL(q ‖ p), an integral over q,
 * negative by moving out of the square. [G]
 */
const withinSquare = (log: np.Array, area: number): np.Array =>
  log.ref.sub(nn.logsumexp(log)).sub(Math.log(area));

const divergenceOf = ({ divergence: kind, alpha }: DivergenceSettings): Divergence =>
  kind === "alpha" ? { alpha } : kind;

function divergenceModel(settings: DivergenceSettings, facts: LabFacts): LabModel {
  const { components: M, covariance } = settings;
  const { points, area } = gridOfFacts(facts);
  const G = points.length / 2;
  const centre = (facts.lowest[0] + facts.highest[0]) / 2;
  const reach = (facts.highest[0] - facts.lowest[0]) / 4;
  const layout = gaussiansLayout(M, 2, covariance === "diagonal", centre, reach);
  const target = (mixture: GaussianMixture): np.Array =>
    np.array(Float32Array.from(mixtureLogDensity(mixture, Float64Array.from(points))), { shape: [G] });

  const loss = (parameters: ParameterTree, x: np.Array): np.Array => {
    if (!facts.mixture)
      throw new InputError(`"${facts.name}" has no known density to fit to; take mixture or eight-gaussians`);
    const grid = np.array(points.slice(), { shape: [G, 2] });
    const logQ = logGaussians(parameters as unknown as Gaussians, grid);
    const q = settings.divergence === "reverse" ? withinSquare(logQ, area) : logQ;
    const value = divergence(divergenceOf(settings), target(facts.mixture), q, area);
    return np.broadcastTo(value, [x.shape[0]]);
  };
  const score = rowFunction(layout, 2, (parameters, x) =>
    logGaussians(parameters as unknown as Gaussians, x),
  );

  return {
    layout,
    draws: () => ({}),
    loss,
    sample: async (parameters, n, seed) => {
      const views = namedViews(layout, parameters);
      const view = (name: string): Float32Array => views.get(name) as Float32Array;
      const weights = Array.from(view("logits"), Math.exp);
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const rows = new Float32Array(2 * n);
      for (let i = 0; i < n; i++) {
        const random = stream({ seed, purpose: "samplingNoise", index: i });
        let left = random.uniform() * total;
        let k = 0;
        while (k < M - 1 && left >= weights[k]) left -= weights[k++];
        // x = μ + L⁻ᵀ ε
        const below = views.get("below")?.[4 * k + 2] ?? 0;
        const [e0, e1] = [random.normal(), random.normal()];
        const second = e1 / Math.exp(view("logDiagonal")[2 * k + 1]);
        rows[2 * i] = view("means")[2 * k] + (e0 - below * second) / Math.exp(view("logDiagonal")[2 * k]);
        rows[2 * i + 1] = view("means")[2 * k + 1] + second;
      }
      return rows;
    },
    logLikelihood: {
      kind: "exact",
      of: score.of,
    },
    dispose: score.dispose,
  };
}

export const divergenceFit: LabModelKind<DivergenceSettings> = {
  name: "divergence-fit",
  title: "Gaussians fitted by forward KL, reverse KL or an α-divergence",
  source: "Bishop 2006, section 10.1.2; Minka 2005",
  settings: divergenceSettings,
  presets: {
    points: {
      "data.count": 3200,
      "training.batchSize": 32,
      "training.epochs": 6,
      "training.learningRate": 0.03,
      "training.emaDecay": 0.9,
    },
  },
  build: (settings, shape, facts) => {
    if (shape.kind !== "points" || shape.dimension !== 2)
      throw new InputError("divergence-fit takes points of the plane: its integrals are sums over a grid");
    const { lowest, highest } = facts ?? { lowest: [-1, -1], highest: [1, 1] };
    return divergenceModel(settings, facts ?? { name: "data", lowest, highest });
  },
};
