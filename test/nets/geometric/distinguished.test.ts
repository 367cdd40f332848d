/**
 * Which point clouds a network can tell apart, as a table; the same table stands in docs/networks.md. The pairs are
 * such that within the cutoff they have the same distances, or the same distances and angles, or are mirror images.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { atomwiseOutputs, type GeometricConfig, geometricLayout } from "../../../src/nets/geometric.ts";
import { disposeGraph } from "../../../src/nets/layers/molecular-graph.ts";
import { parameterTree } from "../../../src/nets/layers/tensors.ts";
import { jax, np } from "../../../src/platform/jax.ts";
import { graph64, lively } from "./networks.ts";

await jax.init("wasm");
jax.defaultDevice("wasm");

const CUTOFF = 1.35;
const gaussian = { kind: "gaussian", count: 8, cutoff: CUTOFF } as const;
const bessel = { kind: "bessel", count: 6, cutoff: CUTOFF } as const;
const passing = { types: 1, hidden: 16, layers: 3, radial: gaussian };
const directional = {
  ...{ types: 1, hidden: 16, layers: 3, interaction: 8 },
  ...{ spherical: 4, envelope: 6, radial: bessel },
};
const NETWORKS: Readonly<Record<string, GeometricConfig>> = {
  SchNet: { kind: "schnet", types: 1, hidden: 16, filters: 16, layers: 3, radial: gaussian },
  EGNN: { kind: "egnn", ...passing, aggregation: "sum", update: "residual", edges: "squared", gate: true },
  "message passing": {
    kind: "mpnn",
    ...passing,
    aggregation: "sum",
    update: "gru",
    edges: "basis",
    gate: false,
  },
  DimeNet: { kind: "dimenet", variant: "bilinear", ...directional },
  "DimeNet++": { kind: "dimenet++", variant: "++", ...directional },
  PaiNN: { kind: "painn", types: 1, hidden: 16, layers: 3, radial: bessel },
};

type Cloud = readonly (readonly [number, number, number])[];
const ring = (n: number, side: number, x = 0): Cloud => {
  const radius = side / (2 * Math.sin(Math.PI / n));
  return Array.from({ length: n }, (_, k) => [
    x + radius * Math.cos((2 * Math.PI * k) / n),
    radius * Math.sin((2 * Math.PI * k) / n),
    0,
  ]);
};
/** Four atoms in a chain of unit bonds at right angles, the last turned by the torsion angle. */
const chain = (torsion: number): Cloud => [
  [0, 1, 0],
  [0, 0, 0],
  [1, 0, 0],
  [1, Math.cos(torsion), Math.sin(torsion)],
];
const mirrored = (cloud: Cloud): Cloud => cloud.map(([x, y, z]) => [x, y, -z]);
/** A centre with four neighbours at different distances and no plane of symmetry. */
const chiral: Cloud = [
  [0, 0, 0],
  [1, 0, 0],
  [0, 1.1, 0],
  [0, 0, 1.2],
  [-0.7, -0.7, -0.5],
];

const PAIRS: Readonly<Record<string, readonly [Cloud, Cloud]>> = {
  "hexagon, two triangles": [ring(6, 1), [...ring(3, 1), ...ring(3, 1, 10)]],
  "torsion 90°, 180°": [chain(Math.PI / 2), chain(Math.PI)],
  "mirror images": [chiral, mirrored(chiral)],
};

test("the table in docs/networks.md says what each network distinguishes", async () => {
  const rows: string[] = [];
  for (const [name, config] of Object.entries(NETWORKS)) {
    const layout = geometricLayout(config);
    const parameters = Float64Array.from(lively(config, 2), (value) => 1.5 * value);
    const energy = async (cloud: Cloud): Promise<number> => {
      const graph = graph64(new Array<number>(cloud.length).fill(0), 1);
      const x = np.array(Float64Array.from(cloud.flat()), { shape: [1, cloud.length, 3] });
      const outputs = atomwiseOutputs(config, parameterTree(layout, parameters), x, graph);
      disposeGraph(graph);
      return ((await outputs.sum().data()) as unknown as Float64Array)[0];
    };
    const cells: string[] = [];
    for (const pair of Object.values(PAIRS)) {
      const values = [await energy(pair[0]), await energy(pair[1])];
      const difference = Math.abs(values[0] - values[1]) / Math.abs(values[0]);
      expect(difference < 1e-9 || difference > 1e-3, `${name}: ${difference}`).toBe(true);
      cells.push(difference > 1e-3 ? "yes" : "no");
    }
    rows.push(`| ${name} | ${cells.join(" | ")} |`);
  }
  const table = [`| | ${Object.keys(PAIRS).join(" | ")} |`, "|---|---|---|---|", ...rows].join("\n");
  const docs = readFileSync(new URL("../../../docs/networks.md", import.meta.url), "utf8");
  expect(docs).toContain(table);
});
