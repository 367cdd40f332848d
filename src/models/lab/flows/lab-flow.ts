/** A flow as a model of the lab: it maximises log p(x), exact for points, and a bound of it for grey images. */
import { InputError } from "../../../errors.ts";
import { stream } from "../../../math/random.ts";
import type { Layout } from "../../../nets/parameters.ts";
import { jax, np } from "../../../runtime/jax.ts";
import { inBlocks } from "../blocks.ts";
import { type LabModel, type LabShape, rowLength } from "../lab-model.ts";
import { type Bijection, logDensity, withoutVolume } from "./bijection.ts";
import { dequantised, quantised } from "./dequantise.ts";

/**
 * @param flow sends data to noise, in ℝᴰ for the D of the shape
 * @throws InputError for symbols and binary images, which have no density
 */
export function labFlow(flow: Bijection, shape: LabShape, initialise?: LabModel["initialise"]): LabModel {
  checkShape(shape);
  const D = rowLength(shape);
  const images = shape.kind === "images";
  const layout: Layout = flow.specs;

  const loss: LabModel["loss"] = (parameters, x, { u }) => {
    if (!images) return np.negative(logDensity(flow, parameters, x));
    const { y, logDet } = dequantised(x, u);
    return np.negative(logDensity(flow, parameters, y).add(logDet));
  };
  const uniforms = (random: { readonly uniform: () => number }, n: number): Float32Array =>
    Float32Array.from({ length: n }, random.uniform);

  /** log p of rows [n, D], or of rows and their u [n, 2D] for images. */
  const score = jax.jit((parameters: Parameters<LabModel["loss"]>[0], rows: np.Array): np.Array => {
    if (!images) return logDensity(flow, parameters, rows);
    const [x, u] = np.split(rows, 2, -1);
    return np.negative(loss(parameters, x, { u }));
  });
  const generate = jax.jit((parameters: Parameters<LabModel["loss"]>[0], z: np.Array): np.Array => {
    const x = withoutVolume(flow.inverse(parameters, z));
    return images ? quantised(x) : x;
  });

  return {
    layout,
    initialise,
    draws: (batch, random): ReturnType<LabModel["draws"]> =>
      images ? { u: { values: uniforms(random, batch * D), shape: [batch, D] } } : {},
    loss,
    sample: (parameters, n, seed) => {
      const z = new Float32Array(n * D);
      for (let i = 0; i < n; i++)
        stream({ seed, purpose: "samplingNoise", index: i }).normals(z.subarray(i * D, (i + 1) * D));
      return inBlocks(generate, layout, parameters, z, D);
    },
    logLikelihood: {
      kind: images ? "lower bound" : "exact",
      of: async (parameters, rows, seed) => {
        if (!images) return Float64Array.from(await inBlocks(score, layout, parameters, rows, D));
        const n = rows.length / D;
        const pairs = new Float32Array(2 * n * D);
        for (let i = 0; i < n; i++) {
          pairs.set(rows.subarray(i * D, (i + 1) * D), 2 * i * D);
          pairs.set(uniforms(stream({ seed, purpose: "likelihoodNoise", index: i }), D), (2 * i + 1) * D);
        }
        return Float64Array.from(await inBlocks(score, layout, parameters, pairs, 2 * D));
      },
    },
    dispose: () => {
      score.dispose();
      generate.dispose();
    },
  };
}

function checkShape(shape: LabShape): void {
  if (shape.kind === "symbols") throw new InputError("a flow models real numbers, not symbols");
  if (shape.kind === "images" && shape.binary)
    throw new InputError("a flow models real numbers: use the images in grey, not binarised");
}

/** @throws InputError unless `least` ≤ D ≤ `most` */
export function checkDimension(
  D: number,
  what: string,
  least: number,
  most = Number.POSITIVE_INFINITY,
): void {
  if (D < least) throw new InputError(`${what} needs at least ${least} dimensions, the data has ${D}`);
  if (D > most)
    throw new InputError(
      `${what} takes at most ${most} dimensions (its inverse takes a pass for each), the data has ${D}`,
    );
}
