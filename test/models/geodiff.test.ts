import { beforeAll, describe, expect, test } from "vitest";
import { loadRdkit } from "../../src/chem/rdkit.ts";
import { type GraphWithStereo, graphOfSmiles } from "../../src/chem/rdkit-graph.ts";
import { stereoIsRight, stereoOfPositions } from "../../src/chem/stereo.ts";
import { embedByDistances } from "../../src/data/embedding.ts";
import { polynomialSchedule } from "../../src/diffusion/schedule.ts";
import { stream } from "../../src/math/random.ts";
import { center } from "../../src/math/superposition.ts";
import { type GraphChannels, graphChannels } from "../../src/models/geodiff/channels.ts";
import { CONFORMER_SAMPLERS, geoDiffConfigSchema } from "../../src/models/geodiff/config.ts";
import { generateConformers } from "../../src/models/geodiff/generate.ts";
import { conformerModelOf } from "../../src/models/geodiff/model.ts";
import { type ConformerNetwork, createJaxConformerNetwork } from "../../src/models/geodiff/network.ts";
import { noisedTargets, projectDistances } from "../../src/models/geodiff/objective.ts";
import { initialParameters } from "../../src/nets/layers/parameters.ts";
import { jax, np } from "../../src/platform/jax.ts";
import { prepareRuntime } from "../../src/platform/prepare.ts";
import { rotated, rotationMatrix } from "../rotations.ts";
import { maxDifference } from "../shared.ts";

const CONFIG = geoDiffConfigSchema.parse({
  kind: "conformers",
  format: 1,
  network: { hidden: 16, localLayers: 2, globalLayers: 1 },
  schedule: { kind: "polynomial", steps: 100 },
  parameterisation: "alignment",
  elements: [1, 6, 7, 8, 9],
});

let network: ConformerNetwork;
let parameters: Float32Array;
let chiral: GraphWithStereo;
let small: GraphWithStereo;
beforeAll(async () => {
  await prepareRuntime("cpu");
  network = createJaxConformerNetwork(CONFIG);
  parameters = initialParameters(network.layout, 3);
  const rdkit = await loadRdkit();
  chiral = graphOfSmiles(rdkit, "C[C@H](O)/C=C/[C@@H](F)C");
  small = graphOfSmiles(rdkit, "CC(=O)N");
});

const channels = ({ topology, stereo }: GraphWithStereo): GraphChannels =>
  graphChannels(topology, stereo, CONFIG.elements);
const noise = (index: number, atoms: number): Float64Array =>
  center(
    stream({ seed: 1, purpose: "test", index })
      .normals(new Float64Array(3 * atoms))
      .map((v) => 1.5 * v),
  );
const shiftOf = (graphs: readonly GraphChannels[], positions: Float64Array, sigma = 0.7) =>
  network.displacement(parameters, { graphs, positions, sigma: graphs.map(() => sigma) });

describe("the network", () => {
  test("turns with the positions", async () => {
    const graph = channels(chiral);
    const x = noise(0, graph.size);
    const matrix = rotationMatrix(4, 1);
    const out = await shiftOf([graph], x);
    expect(maxDifference(await shiftOf([graph], rotated(x, matrix)), rotated(out, matrix))).toBeLessThan(
      2e-5,
    );
  });

  test("reflects when every sign is flipped, and only then", async () => {
    const graph = channels(chiral);
    const x = noise(1, graph.size);
    const matrix = rotationMatrix(5, -1);
    const flipped = { ...graph, signs: graph.signs.map((sign) => -sign) };
    const out = rotated(await shiftOf([graph], x), matrix);
    expect(maxDifference(await shiftOf([flipped], rotated(x, matrix)), out)).toBeLessThan(2e-5);
    expect(maxDifference(await shiftOf([graph], rotated(x, matrix)), out)).toBeGreaterThan(1e-3);
  });

  test("moves no centre of mass", async () => {
    const graph = channels(chiral);
    const out = await shiftOf([graph], noise(2, graph.size));
    for (let d = 0; d < 3; d++) {
      let sum = 0;
      for (let i = d; i < out.length; i += 3) sum += out[i];
      expect(Math.abs(sum)).toBeLessThan(1e-4);
    }
  });

  test("gives a molecule the same whoever shares its batch", async () => {
    const [a, b] = [channels(chiral), channels(small)];
    const [x, y] = [noise(3, a.size), noise(4, b.size)];
    const together = await shiftOf([b, a], Float64Array.from([...y, ...x]));
    expect(maxDifference(together.subarray(0, 3 * b.size), await shiftOf([b], y))).toBeLessThan(2e-5);
    expect(maxDifference(together.subarray(3 * b.size), await shiftOf([a], x))).toBeLessThan(2e-5);
  });

  test("sees cis and trans, and a far pair beyond the cutoff not", async () => {
    const graph = channels(chiral);
    const x = noise(5, graph.size);
    const doubleBonds = chiral.stereo.doubleBonds.map((bond) => ({ ...bond, sign: 1 as const }));
    const cis = channels({ ...chiral, stereo: { ...chiral.stereo, doubleBonds } });
    expect(maxDifference(await shiftOf([cis], x), await shiftOf([graph], x))).toBeGreaterThan(1e-4);
    const spread = x.map((value) => 40 * value); // no far pair within 10 Å but the radius grows with the noise
    const local = { ...graph, far: new Int32Array(0) };
    expect(
      maxDifference(await shiftOf([graph], spread, 0.01), await shiftOf([local], spread, 0.01)),
    ).toBeLessThan(1e-6);
    expect(
      maxDifference(await shiftOf([graph], spread, 60), await shiftOf([local], spread, 60)),
    ).toBeGreaterThan(1e-4);
  });

  test("the gradient of the loss is its finite difference along a direction", async () => {
    const graphs = [channels(chiral), channels(small)];
    const positions = graphs.map(({ size }, m) => noise(6 + m, size));
    const epsilon = Float64Array.from([...noise(8, graphs[0].size), ...noise(9, graphs[1].size)]);
    const { noised, target, weight } = noisedTargets(graphs, positions, epsilon, [0.3, 2], "alignment", 1.5);
    const input = { graphs, positions: noised, sigma: [0.3, 2] };
    const gradient = new Float32Array(parameters.length);
    const lossAt = async (p: Float32Array): Promise<number> => {
      const losses = await network.loss(p, input, target, weight, new Float32Array(p.length));
      return (losses[0] + losses[1]) / 2;
    };
    await network.loss(parameters, input, target, weight, gradient);
    const random = stream({ seed: 2, purpose: "test" });
    const direction = random.normals(new Float32Array(parameters.length));
    const h = 1e-3;
    const moved = (sign: number): Float32Array =>
      parameters.map((value, k) => value + sign * h * direction[k]);
    const numeric = ((await lossAt(moved(1))) - (await lossAt(moved(-1)))) / (2 * h);
    const exact = gradient.reduce((sum, value, k) => sum + value * direction[k], 0);
    expect(Math.abs(numeric / exact - 1)).toBeLessThan(0.02);
  });
});

describe("targets", () => {
  test("the chain rule's projection of edge weights is the gradient of Σ u_ij d_ij by automatic differentiation", async () => {
    const graph = channels(chiral);
    const x = noise(10, graph.size);
    const pairs = [...graph.local, ...graph.far];
    const u = (i: number, j: number): number => Math.sin(i + 3 * j);
    const ends = (k: 0 | 1): number[] => pairs.filter((_, e) => e % 2 === k);
    const index = (list: readonly number[]): np.Array =>
      np.array(Int32Array.from(list), { dtype: np.int32, shape: [list.length] });
    const weights = Float32Array.from(ends(0), (i, e) => u(i, ends(1)[e]));
    const weighted = (at: np.Array): np.Array => {
      const difference = np.take(at.ref, index(ends(0)), 0).sub(np.take(at, index(ends(1)), 0));
      return np.sqrt(np.square(difference).sum(1)).mul(np.array(weights)).sum();
    };
    const automatic = await jax
      .grad(weighted)(np.array(Float32Array.from(x), { shape: [graph.size, 3] }))
      .data();
    expect(maxDifference(projectDistances(graph, x, u), automatic as Float32Array)).toBeLessThan(1e-4);
  });

  test.each(["alignment", "chain-rule"] as const)(
    "%s: turning the clean structure changes nothing",
    (kind) => {
      const graph = channels(chiral);
      const clean = noise(11, graph.size);
      const epsilon = new Float64Array(3 * graph.size); // none: the noised structure is the clean one
      const at = (x: Float64Array) => noisedTargets([graph], [x], epsilon, [0], kind, 1.5);
      const matrix = rotationMatrix(6, 1);
      expect(
        maxDifference(at(rotated(clean, matrix)).target, rotated(at(clean).target, matrix)),
      ).toBeLessThan(1e-9);
      expect(maxDifference(at(clean).target, new Float64Array(3 * graph.size))).toBeLessThan(1e-9);
    },
  );

  test("alignment: the target is the same for every orientation of the clean structure", () => {
    const graph = channels(chiral);
    const clean = noise(12, graph.size);
    const noised = noisedTargets([graph], [clean], noise(13, graph.size), [0.5], "alignment", 1.5);
    // noise that leads from the turned structure to the same noised one
    const turned = rotated(clean, rotationMatrix(7, 1));
    const same = noised.noised.map((value, k) => (value - turned[k]) / 0.5);
    const again = noisedTargets([graph], [turned], same, [0.5], "alignment", 1.5);
    expect(maxDifference(again.target, noised.target)).toBeLessThan(1e-9);
  });
});

describe("sampling", () => {
  const options = { count: 4, seed: 7, steps: 4, attempts: 1 } as const;

  test.each(CONFORMER_SAMPLERS)("%s: a conformer depends on seed and index alone", async (sampler) => {
    const model = conformerModelOf(CONFIG, parameters);
    const any = { ...options, sampler, anyStereo: true };
    const all = await generateConformers(model, network, chiral, any);
    const one = await generateConformers(model, network, chiral, { ...any, maxPairs: 700 });
    expect(all.conformers.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    all.conformers.forEach(({ positions }, k) => {
      expect(maxDifference(one.conformers[k].positions, positions)).toBeLessThan(1e-3);
      expect(positions.every(Number.isFinite)).toBe(true);
    });
  });

  test.each(["sde-dpm-solver", "ancestral"] as const)(
    "%s: of a Gaussian, samples have its deviation at temperature 1, and less the lower it is",
    async (sampler) => {
      // Without a displacement the structure is x̃/(1 + (σ/s)²): exact for normal coordinates of deviation s.
      const model = conformerModelOf(CONFIG, parameters);
      const still = {
        ...network,
        displacement: async (_: Float32Array, { positions }: { readonly positions: Float64Array }) =>
          new Float64Array(positions.length),
      };
      const deviation = async (temperature: number): Promise<number> => {
        const wanted = { ...options, count: 40, steps: 50, sampler, temperature, anyStereo: true };
        const { conformers } = await generateConformers(model, still, chiral, wanted);
        const values = conformers.flatMap(({ positions }) => [...positions]);
        const free =
          (values.length * (chiral.topology.atomicNumbers.length - 1)) / chiral.topology.atomicNumbers.length;
        return Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / free);
      };
      const [warm, cool, cold] = [await deviation(1), await deviation(0.5), await deviation(0)];
      expect(Math.abs(warm / CONFIG.network.dataScale - 1)).toBeLessThan(0.05);
      expect(cool).toBeLessThan(0.8 * warm);
      expect(cold).toBeLessThan(0.8 * cool);
    },
  );

  test("a network that throws atoms far off leads to positions within the molecule's reach, and NaN to none", async () => {
    const model = conformerModelOf(CONFIG, parameters);
    const throwing = (by: number): ConformerNetwork => ({
      ...network,
      displacement: async (_, { positions }) => positions.map((x) => by * x),
    });
    const any = { ...options, count: 2, steps: 50, sampler: "sde-dpm-solver", anyStereo: true } as const;
    const { reach } = channels(chiral);
    const { conformers } = await generateConformers(model, throwing(1e6), chiral, any);
    expect(conformers).toHaveLength(2);
    for (const { positions } of conformers)
      for (let k = 0; k < positions.length; k += 3)
        expect(Math.hypot(...positions.subarray(k, k + 3))).toBeLessThan(2 * reach);

    const nothing = await generateConformers(model, throwing(Number.NaN), chiral, any);
    expect([nothing.conformers, nothing.report.lost]).toEqual([[], 2]);
    const wanted = { ...any, anyStereo: false };
    const rebuilt = await generateConformers(model, throwing(Number.NaN), chiral, wanted);
    expect(rebuilt.report).toMatchObject({ wrong: 2, rebuilt: 2, lost: 0 });
    for (const { positions } of rebuilt.conformers)
      expect(stereoIsRight(chiral.stereo, positions)).toBe(true);
  });

  test("what is handed over has the stereochemistry asked for, and every sample is accounted for", async () => {
    const model = conformerModelOf(CONFIG, parameters);
    const wanted = { ...options, count: 24, sampler: "ddim" } as const;
    const { conformers, report } = await generateConformers(model, network, chiral, wanted);
    for (const { positions } of conformers) expect(stereoIsRight(chiral.stereo, positions)).toBe(true);
    expect(report.wrong).toBeGreaterThan(0); // the network is not trained
    const { mirrored, mended, resampled, rebuilt, rejected, lost } = report;
    expect(mirrored + mended + resampled + rebuilt + rejected + lost).toBe(report.wrong);
    expect(conformers).toHaveLength(24 - rejected - lost);
    const alone = await generateConformers(model, network, chiral, { ...wanted, rebuild: false });
    expect(alone.report).toEqual({ ...report, rebuilt: 0, rejected: rejected + rebuilt });
  });
});

test("channels name a wrong element, and tell the atoms of a double bond apart", () => {
  const { topology } = small;
  const positions = embedByDistances(topology, stream({ seed: 1, purpose: "test" })) as Float64Array;
  const stereo = stereoOfPositions(topology, positions);
  expect(() => graphChannels(topology, stereo, [1, 6])).toThrow(/atomic number/);
});

test("the noise of the schedule reaches beyond any molecule", () => {
  expect(polynomialSchedule(100).gamma(1)).toBeGreaterThan(2 * Math.log(100));
});
