import { beforeAll, expect, test } from "vitest";
import { initialParameters } from "../../src/nets/layers/parameters.ts";
import { type ResidualMlp, residualMlp, residualMlpSpecs } from "../../src/nets/layers/residual-mlp.ts";
import { type ParameterTree, parameterTree } from "../../src/nets/layers/tensors.ts";
import { jax, np } from "../../src/platform/jax.ts";
import { prepareRuntime } from "../../src/platform/prepare.ts";

beforeAll(() => prepareRuntime("cpu"));

test("a residual MLP has a finite gradient for inputs of any size: noised rows are as large as the noise", async () => {
  const config = { inputs: 2, outputs: 2, hidden: 16, blocks: 2, timeFeatures: 8 };
  const layout = residualMlpSpecs("network", config);
  const gradient = jax.jit(
    jax.grad((tree: ParameterTree, x: np.Array) =>
      np
        .square(residualMlp(config, (tree as unknown as { network: ResidualMlp }).network, x, np.zeros([3])))
        .mean(),
    ),
  );
  const x = np.array(new Float32Array([1, -1, 300, -200, -4000, 5000]), { shape: [3, 2] });
  const found = gradient(parameterTree(layout, initialParameters(layout, 1)), x) as ParameterTree;
  for (const leaf of jax.tree.leaves(found) as np.Array[])
    for (const value of (await leaf.data()) as Float32Array) expect(Number.isFinite(value)).toBe(true);
});
