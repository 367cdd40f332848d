/** Latent codes worth looking at: lines along the axes, and the plane of a two-dimensional latent. */
import { normalCdf } from "../../../math/normal.ts";
import { stream } from "../../../math/random.ts";

/** Codes to decode, laid out as a grid. */
export interface LatentGrid {
  readonly name: string;
  /** [cells, E] */
  readonly noise: Float32Array;
  readonly columns: number;
}

/** Row d moves latent d from −2.5 to 2.5 and leaves the others of one draw of the prior as they are. */
export function latentTraversal(latents: number, seed: number): LatentGrid {
  const columns = 11;
  const shown = Math.min(latents, 12);
  const centre = stream({ seed, purpose: "samplingNoise" }).normals(new Float32Array(latents));
  const noise = new Float32Array(shown * columns * latents);
  for (let d = 0; d < shown; d++) {
    for (let k = 0; k < columns; k++) {
      const code = noise.subarray((d * columns + k) * latents, (d * columns + k + 1) * latents);
      code.set(centre);
      code[d] = -2.5 + (5 * k) / (columns - 1);
    }
  }
  return { name: "latent-traversal", noise, columns };
}

/** Φ⁻¹ by bisection. */
function normalQuantile(probability: number): number {
  let [low, high] = [-9, 9];
  for (let k = 0; k < 60; k++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < probability) low = middle;
    else high = middle;
  }
  return low;
}

/** The unit square through the normal quantile, as in Kingma & Welling 2014, figure 4. */
export function latentManifold(columns = 20): LatentGrid {
  const quantiles = Array.from({ length: columns }, (_, k) => normalQuantile((k + 0.5) / columns));
  const noise = Float32Array.from(quantiles.toReversed().flatMap((y) => quantiles.flatMap((x) => [x, y])));
  return { name: "latent-manifold", noise, columns };
}
