import { it } from "vitest";
import { loadNativeEngine } from "../../src/kernels/native.ts";
import { BASE, qm9LikeSizes, randomBatch, randomParameters, randomTarget } from "./cases.ts";
import { referenceForward, referenceLoss } from "./reference.ts";

it("x", async () => {
  for (const layers of [1, 2]) {
    const c = { ...BASE, layers, sinEmbedding: true };
    const e = loadNativeEngine(c, { isa: "AVX2" })!;
    const p = randomParameters(c);
    const b = randomBatch(c, [3]);
    const t = randomTarget(c, b);
    const g = new Float32Array(p.length);
    await e.squaredError(p, b, t, g);
    for (let k = 0; k < p.length; k += Math.floor(p.length / 40)) {
      const q = Float64Array.from(p);
      const h = 1e-6;
      q[k] += h;
      const u = referenceLoss(c, q, b, t, { embeddingFrom: p });
      q[k] -= 2 * h;
      const d = referenceLoss(c, q, b, t, { embeddingFrom: p });
      console.log(layers, k, g[k], (u - d) / 2 / h);
    }
  }
});
