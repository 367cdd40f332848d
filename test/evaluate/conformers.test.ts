import { beforeAll, describe, expect, test } from "vitest";
import { conformerComparison } from "../../src/chem/conformer-rmsd.ts";
import { mmff94Energy, relaxMmff94, ruleBasedConformers } from "../../src/chem/mmff94.ts";
import { loadRdkit } from "../../src/chem/rdkit.ts";
import { type GraphWithStereo, graphOfSmiles } from "../../src/chem/rdkit-graph.ts";
import { stereoIsRight } from "../../src/chem/stereo.ts";
import { embedByDistances } from "../../src/data/embedding.ts";
import type { Ensemble } from "../../src/data/ensembles.ts";
import { processConformers } from "../../src/evaluate/conformer-processing.ts";
import { evaluateConformers } from "../../src/evaluate/conformers.ts";
import { permutation, stream } from "../../src/math/random.ts";
import { rotated, rotationMatrix } from "../rotations.ts";

let graph: GraphWithStereo;
let ensemble: Ensemble;
beforeAll(async () => {
  const rdkit = await loadRdkit();
  graph = graphOfSmiles(rdkit, "C[C@H](O)CCCN");
  const { topology } = graph;
  let start: Float64Array | undefined;
  for (let index = 0; start === undefined; index++) {
    const made = embedByDistances(topology, stream({ seed: 4, purpose: "test", index }));
    if (made && stereoIsRight(graph.stereo, made)) start = made;
  }
  const conformers = ruleBasedConformers(topology, 6, 1, start);
  ensemble = { ...topology, name: "alcohol", conformers };
});

describe("metrics", () => {
  test("the references themselves are covered wholly, at distance 0, with sound geometry and stereochemistry", async () => {
    const { generated } = await evaluateConformers([ensemble], [ensemble], { baselines: false });
    expect(ensemble.conformers).toHaveLength(6);
    for (const { recall, precision } of generated.coverage)
      expect([recall.mean, precision.mean]).toEqual([1, 1]);
    expect(generated.matching.recall?.mean).toBeLessThan(1e-5);
    expect([generated.soundBonds, generated.soundAngles, generated.noClashes]).toEqual([1, 1, 1]);
    expect(generated.stereo).toEqual({ count: 6, of: 6 });
  });

  test("recall and precision are each other's when the two sides change places", async () => {
    const some = { ...ensemble, conformers: ensemble.conformers.slice(0, 2) };
    const options = { baselines: false, thresholds: [0.3, 0.8] };
    const there = (await evaluateConformers([some], [ensemble], options)).generated;
    const back = (await evaluateConformers([ensemble], [some], options)).generated;
    expect(there.coverage.map(({ recall }) => recall)).toEqual(
      back.coverage.map(({ precision }) => precision),
    );
    expect(there.matching.recall?.mean).toBeCloseTo(back.matching.precision?.mean ?? Number.NaN, 9);
    expect(there.coverage[0].recall.mean).toBeLessThan(1);
    expect(there.coverage[0].precision.mean).toBe(1);
  });

  test("figures do not change when structures are turned and atoms renumbered", async () => {
    const options = { baselines: false };
    const plain = await evaluateConformers(
      [{ ...ensemble, conformers: ensemble.conformers.slice(3) }],
      [ensemble],
      options,
    );
    const n = ensemble.atomicNumbers.length;
    const order = permutation(n, stream({ seed: 3, purpose: "test" }));
    const place = new Map([...order].map((atom, k): [number, number] => [atom, k]));
    const renumbered: Ensemble = {
      name: "other",
      atomicNumbers: Uint8Array.from(order, (atom) => ensemble.atomicNumbers[atom]),
      bonds: ensemble.bonds.map(({ i, j, order: o }) => ({ i: place.get(i)!, j: place.get(j)!, order: o })),
      conformers: ensemble.conformers.slice(3).map((x, k) => {
        const turned = rotated(x, rotationMatrix(k, 1));
        return Float64Array.from([...order].flatMap((atom) => [...turned.slice(3 * atom, 3 * atom + 3)]));
      }),
    };
    const other = await evaluateConformers([renumbered], [ensemble], options);
    expect(other.generated.coverage).toEqual(plain.generated.coverage);
    expect(other.generated.matching.recall?.mean).toBeCloseTo(
      plain.generated.matching.recall?.mean ?? Number.NaN,
      6,
    );
    expect(other.generated.diversity?.mean).toBeCloseTo(plain.generated.diversity?.mean ?? Number.NaN, 6);
    expect(other.generated.stereo).toEqual(plain.generated.stereo);
  });

  test("rule-based conformers come near, noise does not; mirror images are wrong", async () => {
    const mirrored = {
      ...ensemble,
      conformers: ensemble.conformers.map((x) => x.map((v, k) => (k % 3 === 0 ? -v : v))),
    };
    const { generated, rules, noise } = await evaluateConformers([mirrored], [ensemble]);
    expect(rules?.coverage[2].recall.mean).toBe(1);
    expect(noise?.coverage[1].recall.mean).toBe(0);
    expect(noise?.soundBonds).toBe(0);
    expect(generated.stereo).toEqual({ count: 0, of: 6 });
  });

  test("references without generated conformers count as not covered; strangers alone are refused", async () => {
    const rdkit = await loadRdkit();
    const other = graphOfSmiles(rdkit, "CCO").topology;
    const stranger: Ensemble = { ...other, name: "ethanol", conformers: [new Float64Array(27)] };
    const { generated, missing } = await evaluateConformers([ensemble], [ensemble, stranger], {
      baselines: false,
    });
    expect(missing).toEqual(["ethanol"]);
    expect(generated.coverage[0].recall.mean).toBe(0.5);
    await expect(evaluateConformers([ensemble], [stranger], { baselines: false })).rejects.toThrow(
      /no molecule/,
    );
  });
});

describe("processing", () => {
  const rough = (): { index: number; positions: Float64Array }[] =>
    ensemble.conformers.map((x, index) => {
      const random = stream({ seed: 6, purpose: "test", index });
      return { index, positions: x.map((value) => value + 0.05 * random.normal()) };
    });

  test("relaxing lowers every energy, a window bounds the spread, pruning keeps conformers apart, ranking sorts", () => {
    const set = rough();
    const { conformers, stages } = processConformers(graph.topology, graph.stereo, set, {
      relax: true,
      energyWindow: 5,
      prune: 0.3,
      rank: true,
    });
    expect(stages.map(({ step }) => step)).toEqual([
      "generated",
      "relaxed",
      "energy window",
      "pruned",
      "ranked",
    ]);
    expect(stages[1].meanEnergy).toBeLessThan(stages[0].meanEnergy ?? Number.NaN);
    const energies = conformers.map(({ energy }) => energy ?? Number.NaN);
    expect(energies).toEqual([...energies].sort((a, b) => a - b));
    expect(energies[energies.length - 1] - energies[0]).toBeLessThanOrEqual(5);
    const comparison = conformerComparison(graph.topology, graph.topology)!;
    const rows = conformers.map(({ positions }) => comparison.first(positions));
    rows.forEach((a, i) => {
      for (const b of rows.slice(i + 1)) expect(comparison.rmsd(a, b)).toBeGreaterThanOrEqual(0.3);
    });
    for (const { positions } of conformers) expect(stereoIsRight(graph.stereo, positions)).toBe(true);
  });

  test("pruning leaves one of two equal conformers", () => {
    const [first] = rough();
    const twice = [first, { ...first, index: 1 }];
    const { conformers } = processConformers(graph.topology, graph.stereo, twice, { prune: 0.1 });
    expect(conformers.map(({ index }) => index)).toEqual([0]);
  });

  test("a relaxed structure is a minimum: relaxing again changes nothing", () => {
    const once = relaxMmff94(graph.topology, rough()[0].positions)!;
    const again = relaxMmff94(graph.topology, once.positions)!;
    expect(again.energy).toBeCloseTo(once.energy, 2);
    expect(mmff94Energy(graph.topology, once.positions)).toBeCloseTo(once.energy, 6);
  });
});
