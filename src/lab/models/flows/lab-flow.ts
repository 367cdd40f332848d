/** A flow as a model of the lab: it maximises log p(x), of points or of dequantised grey images, both exact. */
import { bitsPerDimension } from "../../../diffusion/bound.ts";
import { InputError } from "../../../errors.ts";
import { stream } from "../../../math/random.ts";
import { np } from "../../../platform/jax.ts";
import { type LabModel, type LabShape, rowLength } from "../lab-model.ts";
import { rowFunction } from "../rows.ts";
import { type Bijection, chain, logDensity, withoutVolume } from "./bijection.ts";
import { logit } from "./logit.ts";

/**
 * @param map sends data to noise in ℝᴰ, D that of the shape; grey values in [0, 1] go through `logit` before it
 * @throws InputError for symbols and binary images, which have no density
 */
export function labFlow(map: Bijection, shape: LabShape, initialise?: LabModel["initialise"]): LabModel {
  if (shape.kind === "symbols") throw new InputError("a flow models real numbers, the data are symbols");
  if (shape.kind === "images" && shape.binary)
    throw new InputError("a flow models real numbers, the images are binary: take them in grey (mnist-grey)");
  const D = rowLength(shape);
  const flow = shape.kind === "images" ? chain([logit, map]) : map;
  const block = shape.kind === "images" ? 256 : 2048;
  const score = rowFunction(flow.specs, D, (parameters, x) => logDensity(flow, parameters, x), block);
  const generate = rowFunction(
    flow.specs,
    D,
    (parameters, z) => withoutVolume(flow.inverse(parameters, z)),
    block,
  );

  return {
    layout: flow.specs,
    initialise,
    draws: () => ({}),
    loss: (parameters, x) => np.negative(logDensity(flow, parameters, x)),
    sample: async (parameters, n, seed) => {
      const z = new Float32Array(n * D);
      for (let i = 0; i < n; i++)
        stream({ seed, purpose: "samplingNoise", index: i }).normals(z.subarray(i * D, (i + 1) * D));
      return Float32Array.from(await generate.of(parameters, z));
    },
    logLikelihood: {
      kind: "exact",
      of: score.of,
    },
    ...(shape.kind === "images" && {
      figures: async (parameters, rows) => {
        const all = await score.of(parameters, rows);
        const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
        // Grey values are known to 1/256: the density in a cell of that width is its probability.
        return { "bits/dim": bitsPerDimension(D * Math.log(256) - mean, D) };
      },
    }),
    dispose: () => {
      score.dispose();
      generate.dispose();
    },
  };
}

/** @throws InputError unless `least` ≤ D ≤ `most` */
export function checkDimension(
  D: number,
  what: string,
  least: number,
  most = Number.POSITIVE_INFINITY,
): void {
  if (D < least) throw new InputError(`${what} needs at least ${least} dimensions, the data has ${D}`);
  if (D > most) {
    const why = "one way through it takes a pass for each";
    throw new InputError(`${what} takes at most ${most} dimensions (${why}), the data has ${D}`);
  }
}
