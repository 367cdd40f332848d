/** DimeNet and DimeNet++ against figure 4 of the paper written out pair by pair in double precision. */
import { expect, test } from "vitest";
import { atomwiseOutputs, type GeometricConfig, geometricLayout } from "../../../src/nets/geometric.ts";
import { disposeGraph } from "../../../src/nets/layers/molecular-graph.ts";
import { namedViews } from "../../../src/nets/layers/parameters.ts";
import { sphericalBessel, sphericalBesselZeros } from "../../../src/nets/layers/spherical-basis.ts";
import { parameterTree } from "../../../src/nets/layers/tensors.ts";
import { jax, np } from "../../../src/platform/jax.ts";
import { graph64, lively, randomMolecules, SMALL } from "./networks.ts";

await jax.init("wasm");
jax.defaultDevice("wasm");

type Vector = number[];
const add = (...terms: readonly Vector[]): Vector =>
  terms[0].map((_, k) => terms.reduce((sum, t) => sum + t[k], 0));
const times = (a: Vector, b: Vector): Vector => a.map((x, k) => x * b[k]);
const silu = (x: Vector): Vector => x.map((v) => v / (1 + Math.exp(-v)));

/** P_l(x) by their explicit forms. */
const legendre = (x: number): Vector => [1, x, (3 * x * x - 1) / 2, (5 * x ** 3 - 3 * x) / 2];

function reference(
  config: GeometricConfig & { readonly kind: "dimenet" | "dimenet++" },
  parameters: Float32Array,
  species: Int32Array,
  r: Float64Array,
): number[] {
  const views = namedViews(geometricLayout(config), parameters);
  const { spherical: L, envelope: p, radial, layers, interaction: I, hidden: H } = config;
  const { count: R, cutoff } = radial;
  const N = species.length;
  /** W x + b; without b where there is none. */
  const dense = (name: string, x: Vector): Vector => {
    const weight = views.get(`representation.${name}.weight`) as Float32Array;
    const bias = views.get(`representation.${name}.bias`);
    return Array.from({ length: weight.length / x.length }, (_, o) =>
      x.reduce((sum, value, k) => sum + weight[o * x.length + k] * value, bias?.[o] ?? 0),
    );
  };
  const residual = (name: string, x: Vector): Vector =>
    add(x, silu(dense(`${name}.1`, silu(dense(`${name}.0`, x)))));
  const between = (i: number, j: number): Vector =>
    [0, 1, 2].map((axis) => r[3 * j + axis] - r[3 * i + axis]);
  const distance = (i: number, j: number): number => Math.hypot(...between(i, j));
  const fade = (d: number): number => {
    const x = d / cutoff;
    if (x >= 1) return 0;
    const [a, b, c] = [-(p + 1) * (p + 2), 2 * p * (p + 2), -p * (p + 1)];
    return 1 + (a * x ** p + b * x ** (p + 1) + c * x ** (p + 2)) / 2;
  };
  const pairs = Array.from({ length: N }, (_, i) =>
    Array.from({ length: N }, (_, j) => (i === j || distance(i, j) >= cutoff ? -1 : j)).filter((j) => j >= 0),
  );
  const rbf = (i: number, j: number): Vector => {
    const d = distance(i, j);
    return Array.from(
      { length: R },
      (_, n) => (fade(d) * Math.sqrt(2 / cutoff) * Math.sin(((n + 1) * Math.PI * d) / cutoff)) / d,
    );
  };
  /** Order l, then n: the distance of j and k, the angle at j between i and k. */
  const sbf = (i: number, j: number, k: number): Vector => {
    const [a, b, d] = [between(j, i), between(j, k), distance(j, k)];
    const cosine = (a[0] * b[0] + a[1] * b[1] + a[2] * b[2]) / (distance(i, j) * d);
    const angular = legendre(cosine);
    return Array.from({ length: L }, (_, l) =>
      sphericalBesselZeros(l, R).map((z) => {
        const norm = Math.sqrt(2 / cutoff ** 3) / Math.abs(sphericalBessel(l + 1, z));
        return (
          fade(d) *
          norm *
          sphericalBessel(l, (z * d) / cutoff) *
          Math.sqrt((2 * l + 1) / (4 * Math.PI)) *
          angular[l]
        );
      }),
    ).flat();
  };
  const embedding = views.get("representation.embedding.weight") as Float32Array;
  const h = Array.from(species, (s) => [...embedding.subarray(s * H, (s + 1) * H)]);
  let x = pairs.map((js, i) =>
    js.map((j) =>
      silu(dense("embedding.pair", [...h[i], ...h[j], ...silu(dense("embedding.rbf", rbf(i, j)))])),
    ),
  );
  const output = (t: number): number[] =>
    pairs.map((js, i) => {
      const terms = js.map((j, at) => times(dense(`outputs.${t}.rbf`, rbf(i, j)), x[i][at]));
      let atom = add(...terms);
      for (const layer of [0, 1]) atom = silu(dense(`outputs.${t}.layers.${layer}`, atom));
      return dense(`outputs.${t}.last`, atom)[0];
    });
  let outputs = output(0);
  for (let t = 0; t < layers; t++) {
    const name = `interactions.${t}`;
    const sent = pairs.map((js, j) =>
      js.map((k, at) => {
        const radialPart = dense(`${name}.rbf.1`, dense(`${name}.rbf.0`, rbf(j, k)));
        const message = times(silu(dense(`${name}.kj`, x[j][at])), radialPart);
        return config.variant === "++" ? silu(dense(`${name}.down`, message)) : message;
      }),
    );
    const received = (i: number, j: number): Vector => {
      const plain = new Array<number>(config.variant === "++" ? I : 8 * H).fill(0);
      const terms = pairs[j].flatMap((k, at) => {
        if (k === i) return [];
        const basis = dense(`${name}.sbf`, sbf(i, j, k)); // [8]
        return config.variant === "++"
          ? [times(dense(`${name}.spread`, basis), sent[j][at])]
          : [basis.flatMap((b) => sent[j][at].map((m) => b * m))];
      });
      const sum = add(plain, ...terms);
      return config.variant === "++" ? silu(dense(`${name}.up`, sum)) : dense(`${name}.bilinear`, sum);
    };
    x = pairs.map((js, i) =>
      js.map((j, at) => {
        const own = silu(dense(`${name}.ji`, x[i][at]));
        const before = residual(`${name}.before.0`, add(own, received(i, j)));
        const skipped = add(silu(dense(`${name}.skip`, before)), x[i][at]);
        return residual(`${name}.after.1`, residual(`${name}.after.0`, skipped));
      }),
    );
    outputs = add(outputs, output(t + 1));
  }
  return outputs;
}

test.each(["dimenet++", "dimenet"] as const)("%s is its figure, pair by pair", async (kind) => {
  const config = SMALL[kind];
  const { positions, species } = randomMolecules([5], 6);
  const parameters = lively(config).map((value) => 2 * value);
  const graph = graph64(species, config.types);
  const tree = parameterTree(geometricLayout(config), Float64Array.from(parameters));
  const found = atomwiseOutputs(config, tree, np.array(positions.slice(), { shape: [1, 5, 3] }), graph);
  disposeGraph(graph);
  const expected = reference(config, parameters, species, positions);
  const values = (await found.data()) as unknown as Float64Array;
  const size = Math.hypot(...expected);
  expect(size).toBeGreaterThan(0.1);
  expect(Math.hypot(...expected.map((o, k) => o - values[k])) / size).toBeLessThan(1e-5);
});
