/**
 * Shape of the E(n)-equivariant graph network of EDM (Hoogeboom et al. 2022, section 2 and appendix B; EGNN:
 * Satorras, Hoogeboom, Welling 2021). Defaults are those of the paper's QM9 model.
 */
import { type Layout, linearSpecs, type ParameterSpec } from "../layers/parameters.ts";

/** Sizes and options of the EGNN (Satorras et al. 2021; Hoogeboom et al. 2022, appendix B). */
export interface EgnnConfig {
  /** Features that enter: data features, then conditioning channels (time, context). */
  readonly inFeatures: number;
  /** Features that leave: the data features, a prefix of those that enter. */
  readonly outFeatures: number;
  /** Width of every hidden layer. */
  readonly hidden: number;
  /** Number of equivariant blocks. */
  readonly layers: number;
  /** Graph convolutions in each block (`inv_sublayers`). */
  readonly sublayers: number;
  /** Sigmoid gate on messages, ẽ_ij = φ_inf(m_ij). */
  readonly attention: boolean;
  /** Bounds coordinate updates to ± coordsRange by a tanh. */
  readonly tanh: boolean;
  readonly coordsRange: number;
  /** C in (x_i − x_j) / (d_ij + C). */
  readonly normConstant: number;
  readonly aggregation: "sum" | "mean";
  /** Divides sums over neighbours (aggregation "sum" only). */
  readonly normalizationFactor: number;
  /** Distances enter as sines and cosines (without gradient) in place of their squares. */
  readonly sinEmbedding: boolean;
  /**
   * The network also sees an earlier guess of the data (self-conditioning: Chen, Zhang, Hinton 2023, "Analog bits"):
   * distances in it as one more channel of an edge; its features are the caller's to append.
   */
  readonly selfConditioning: boolean;
}

/** Frequencies 2π 4^k / 15 of the optional distance embedding, six of them. */
export const SIN_FREQUENCIES: readonly number[] = Array.from(
  { length: 6 },
  (_, k) => (2 * Math.PI * 4 ** k) / 15,
);

/** Channels that describe an edge: distance now, in the input and in the guess, each squared or embedded. */
export const edgeFeatures = (config: Pick<EgnnConfig, "sinEmbedding" | "selfConditioning">): number =>
  (config.selfConditioning ? 3 : 2) * (config.sinEmbedding ? 2 * SIN_FREQUENCIES.length : 1);

/** Parameters of one graph convolution whose edge network takes `edgeIn` channels. */
export const graphConvolutionSpecs = (
  name: string,
  H: number,
  edgeIn: number,
  attention: boolean,
): ParameterSpec[] => [
  ...linearSpecs(`${name}.edge.0`, edgeIn, H),
  ...linearSpecs(`${name}.edge.1`, H, H),
  ...linearSpecs(`${name}.node.0`, 2 * H, H),
  ...linearSpecs(`${name}.node.1`, H, H),
  ...(attention ? linearSpecs(`${name}.attention`, H, 1) : []),
];

/**
 * Order of the parameters. Weights are [out, in], y = x Wᵀ + b. Linear layers start uniform in ±1/√in
 * (PyTorch's default); the last coordinate layer is Xavier uniform with gain 0.001, so that the untrained
 * network hardly moves atoms.
 */
export function egnnLayout(config: EgnnConfig): Layout {
  const { hidden: H } = config;
  const edgeIn = 2 * H + edgeFeatures(config);
  const specs: ParameterSpec[] = [];
  const linear = (name: string, inputs: number, outputs: number): void => {
    specs.push(...linearSpecs(name, inputs, outputs));
  };
  linear("embedding", config.inFeatures, H);
  for (let b = 0; b < config.layers; b++) {
    for (let s = 0; s < config.sublayers; s++) {
      const gcl = `blocks.${b}.gcl.${s}`;
      specs.push(...graphConvolutionSpecs(gcl, H, edgeIn, config.attention));
    }
    const coord = `blocks.${b}.coord`;
    linear(`${coord}.0`, edgeIn, H);
    linear(`${coord}.1`, H, H);
    specs.push({ name: `${coord}.2.weight`, shape: [1, H], bound: 0.001 * Math.sqrt(6 / (H + 1)) });
  }
  linear("embeddingOut", H, config.inFeatures);
  return specs;
}
