/** Cases of the published EDM network, as test/fixtures stores them, in our terms. */
import type { AtomBatch } from "../../src/engines/engine.ts";
import { type DynamicsConfig, dynamicsLayout } from "../../src/nets/egnn/dynamics-layout.ts";
import { fromPublishedName } from "../../src/nets/egnn/published-names.ts";
import { layoutSize, namedViews } from "../../src/nets/layers/parameters.ts";
import type { FixtureTensor } from "../shared.ts";

export interface ForwardFixture {
  readonly config: Readonly<Record<string, unknown>>;
  readonly weights: Readonly<Record<string, FixtureTensor>>;
  readonly node_mask: FixtureTensor;
  readonly t: FixtureTensor;
  readonly xh: FixtureTensor;
  readonly out64: FixtureTensor;
}

/** The architecture, read off the weights and the options that the file names. */
export function fixtureConfig(fixture: ForwardFixture): DynamicsConfig {
  const { config, weights } = fixture;
  const [hidden, inFeatures] = weights["egnn.embedding.weight"].shape;
  const count = (pattern: RegExp): number =>
    1 + Math.max(...Object.keys(weights).map((name) => Number(pattern.exec(name)?.[1] ?? -1)));
  return {
    network: "egnn",
    inFeatures,
    outFeatures: fixture.xh.shape[2] - 3,
    hidden,
    layers: count(/e_block_(\d+)/),
    sublayers: count(/gcl_(\d+)/),
    attention: Object.keys(weights).some((name) => name.includes("att_mlp")),
    tanh: (config.tanh as boolean | undefined) ?? true,
    coordsRange: (config.coords_range as number | undefined) ?? 15,
    normConstant: (config.norm_constant as number | undefined) ?? 1,
    aggregation: config.aggregation_method === "mean" ? "mean" : "sum",
    normalizationFactor: (config.normalization_factor as number | undefined) ?? 1,
    sinEmbedding: config.sin_embedding === true,
    selfConditioning: false,
  };
}

/** Published weights (or gradients) as one flat array in our order. */
export function flatWeights(
  config: DynamicsConfig,
  weights: Readonly<Record<string, FixtureTensor>>,
): Float32Array {
  const layout = dynamicsLayout(config);
  const flat = new Float32Array(layoutSize(layout));
  const views = namedViews(layout, flat);
  const missing = new Set(views.keys());
  for (const [published, { data }] of Object.entries(weights)) {
    const name = fromPublishedName(published);
    const view = name === undefined ? undefined : views.get(name);
    if (!view || view.length !== data.length) throw new Error(`no place for ${published}`);
    view.set(data);
    missing.delete(name as string);
  }
  if (missing.size > 0) throw new Error(`not in the fixture: ${[...missing].join(", ")}`);
  return flat;
}

/** Rows of the atoms that exist, of a padded tensor [B, N, C]. */
export function unpad({ data, shape }: FixtureTensor, mask: readonly number[]): Float64Array {
  const channels = shape[2];
  return Float64Array.from(data.filter((_, k) => mask[Math.floor(k / channels)] === 1));
}

/** The padded batch z_t of the fixture without its padding; `time` is the last conditioning channel. */
export function raggedBatch(
  xh: Float64Array,
  mask: FixtureTensor,
  time: readonly number[],
  config: DynamicsConfig,
): AtomBatch {
  const [B, N] = mask.shape;
  const sizes = Int32Array.from({ length: B }, (_, b) =>
    mask.data.slice(b * N, (b + 1) * N).reduce((sum, value) => sum + value, 0),
  );
  const moleculeOf = [...sizes].flatMap((n, b) => Array<number>(n).fill(b));
  const A = moleculeOf.length;
  const C = xh.length / A;
  const positions = new Float32Array(3 * A);
  const features = new Float32Array(config.inFeatures * A);
  for (let a = 0; a < A; a++) {
    for (let c = 0; c < 3; c++) positions[3 * a + c] = xh[C * a + c];
    for (let c = 3; c < C; c++) features[config.inFeatures * a + c - 3] = xh[C * a + c];
    features[config.inFeatures * (a + 1) - 1] = time[moleculeOf[a]];
  }
  return { sizes, positions, features };
}
