/** The denoising networks of either kind and their parameters; needs no jax-js. */
import { type Layout, linearSpecs } from "../layers/parameters.ts";
import { type EgnnConfig, egnnLayout, graphConvolutionSpecs } from "./egnn-config.ts";

/** The options of the EGNN that mean something here. */
export type GnnConfig = Pick<EgnnConfig, "inFeatures" | "outFeatures" | "hidden" | "layers" | "attention">;

/** Order of the parameters; positions enter and leave as three more features. */
export function gnnLayout({ inFeatures, outFeatures, hidden: H, layers, attention }: GnnConfig): Layout {
  return [
    ...linearSpecs("embedding", 3 + inFeatures, H),
    ...Array.from({ length: layers }, (_, l) =>
      graphConvolutionSpecs(`layers.${l}`, H, 2 * H, attention),
    ).flat(),
    ...linearSpecs("embeddingOut", H, 3 + outFeatures),
  ];
}

/** A denoising network of either kind; `gnn` is the paper's baseline without equivariance. */
export type DynamicsConfig = EgnnConfig & { readonly network: "egnn" | "gnn" };

/** Names, shapes and order of the parameters of a denoiser. */
export const dynamicsLayout = (config: DynamicsConfig): Layout =>
  config.network === "egnn" ? egnnLayout(config) : gnnLayout(config);
