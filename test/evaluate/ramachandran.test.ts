import { describe, expect, test } from "vitest";
import { loadDataset } from "../../src/data/store.ts";
import { basinShares, countTransitions, findBasins } from "../../src/evaluate/basins.ts";
import { compareForces, compareTorsions } from "../../src/evaluate/bead-report.ts";
import {
  freeEnergy,
  freeEnergyError,
  histogramDivergence,
  type Torsions,
  torsionHistogram,
  torsionsOf,
} from "../../src/evaluate/ramachandran.ts";
import { stream } from "../../src/math/random.ts";
import { torsionAngle } from "../../src/physics/torsions.ts";
import { BOLTZMANN } from "../../src/physics/units.ts";
import { hasShared, sharedPath } from "../shared.ts";

/** n angles around each centre in degrees, weights as given. */
function cloud(
  centers: readonly (readonly [phi: number, psi: number, count: number])[],
  width = 12,
  seed = 1,
): Torsions {
  const random = stream({ seed, purpose: "test" });
  const around = (degrees: number): number => {
    const angle = ((degrees + width * random.normal()) * Math.PI) / 180;
    return Math.atan2(Math.sin(angle), Math.cos(angle));
  };
  const pairs = centers.flatMap(([phi, psi, count]) =>
    Array.from({ length: count }, () => [around(phi), around(psi)] as const),
  );
  return {
    phi: Float64Array.from(pairs, ([phi]) => phi),
    psi: Float64Array.from(pairs, ([, psi]) => psi),
  };
}

describe("dihedrals", () => {
  /** Four points whose dihedral is known: a bond along z, the outer ones at the angle. */
  const points = (degrees: number): number[] => {
    const angle = (degrees * Math.PI) / 180;
    return [1, 0, -0.3, 0, 0, 0, 0, 0, 1.5, Math.cos(angle), Math.sin(angle), 1.9];
  };
  test("φ and ψ are the first two of each chain", () => {
    const x = [...points(50), Math.cos(50), 1, 3.1];
    const { phi, psi } = torsionsOf([...x, ...x], 5);
    expect((phi[1] * 180) / Math.PI).toBeCloseTo(50, 10);
    expect((psi[1] * 180) / Math.PI).toBeCloseTo(torsionAngle(x, [1, 2, 3, 4]), 10);
    expect(() => torsionsOf(points(50), 4)).toThrow("two dihedrals need 5 beads, got 4");
  });
});

describe("free energies", () => {
  const here = cloud([[-60, 130, 4000]]);
  const there = cloud([[60, -50, 4000]]);
  test("divergence: none from itself, a bit from what has nothing in common, between for a mixture", () => {
    const [p, q] = [torsionHistogram(here), torsionHistogram(there)];
    expect(histogramDivergence(p, p)).toBe(0);
    expect(histogramDivergence(p, q)).toBeCloseTo(1, 10);
    const mixture = p.map((share, k) => 0.5 * (share + q[k]));
    expect(histogramDivergence(p, mixture)).toBeCloseTo(1.5 - 0.75 * Math.log2(3), 10); // H(¾, ¼) − ½
  });
  test("error: none for a free energy that is shifted, and the deviation of one that is tilted", () => {
    const p = Float64Array.of(0.4, 0.3, 0.2, 0.1);
    expect(
      freeEnergyError(
        p,
        p.map((x) => 3 * x),
        0.6,
      ),
    ).toBeCloseTo(0, 10);
    const tilted = p.map((x, k) => x * Math.exp(k)); // F − k kT: deviation of k under p
    const deviation = Math.sqrt(0.3 + 4 * 0.2 + 9 * 0.1 - 1);
    expect(freeEnergyError(p, tilted, 0.6)).toBeCloseTo(0.6 * deviation, 10);
  });
  test("−kT log p, nothing at the most likely place", () => {
    const F = freeEnergy(Float64Array.of(0.5, 0.5 / Math.E, 0), 2);
    expect(F[0]).toBeCloseTo(0, 12);
    expect(F[1]).toBeCloseTo(2, 12);
    expect(F[2]).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("basins", () => {
  const torsions = cloud([
    [-70, 150, 3000],
    [-80, -20, 1500],
    [175, -175, 500], // across the edge of the square
  ]);
  const map = findBasins(torsions);
  test("are found where the density has its peaks, the torus having no edge", () => {
    expect(map.basins).toHaveLength(3);
    [
      [-70, 150, 0.6],
      [-80, -20, 0.3],
      [175, -175, 0.1],
    ].forEach(([phi, psi, share], k) => {
      const away = (a: number, b: number): number => Math.abs(((a - b + 540) % 360) - 180);
      expect(away(map.basins[k].phi, phi)).toBeLessThan(8);
      expect(away(map.basins[k].psi, psi)).toBeLessThan(8);
      expect(map.basins[k].share).toBeCloseTo(share, 2);
    });
    expect(basinShares(map, torsions).reduce((sum, share) => sum + share)).toBeCloseTo(1, 10);
  });
  test("a peak that is not deep enough is part of its neighbour", () => {
    const near = cloud([
      [-70, 150, 2000],
      [-100, 150, 2000],
    ]);
    expect(findBasins(near, { depth: 1 }).basins).toHaveLength(1);
  });
  test("transitions go from core to core; what turns back on the ridge is none", () => {
    const degrees = (pairs: readonly (readonly [number, number])[]): Torsions => ({
      phi: Float64Array.from(pairs, ([phi]) => (phi * Math.PI) / 180),
      psi: Float64Array.from(pairs, ([, psi]) => (psi * Math.PI) / 180),
    });
    const [A, B, ridge, beyond] = [
      [-70, 150],
      [-80, -20],
      [-75, 70],
      [-75, 60],
    ] as const;
    const chain = degrees([A, A, ridge, beyond, ridge, A, ridge, beyond, B, B, ridge, A]);
    expect(countTransitions(map, [chain, degrees([B, B])])).toEqual([
      [0, 1, 0],
      [1, 0, 0],
      [0, 0, 0],
    ]);
  });
});

test("forces: the deviation and correlation of a model with noise are those of the noise", () => {
  const random = stream({ seed: 3, purpose: "test" });
  const model = random.normals(new Float64Array(40_000));
  const mapped = model.map((f) => f + 3 * random.normal());
  const compared = compareForces(model, mapped);
  expect(compared.difference).toBeCloseTo(3, 1);
  expect(compared.correlation).toBeCloseTo(1 / Math.sqrt(10), 2);
  expect(compared.mapped).toBeCloseTo(Math.sqrt(10), 1);
});

describe.runIf(hasShared)("the frames of alanine dipeptide", () => {
  test("have five basins, of which the held-out frames see the three with φ below zero", async () => {
    const [train, valid] = await Promise.all(
      ["train", "valid"].map(async (part) => {
        const { train } = await loadDataset(sharedPath(`data/ala2_cg/${part}.extxyz.gz`));
        return torsionsOf(train.positions, 5);
      }),
    );
    const map = findBasins(train);
    expect(map.basins.map(({ phi, psi }) => [Math.sign(phi), Math.round(psi / 30) * 30])).toEqual([
      [-1, 150],
      [-1, 150],
      [-1, -30],
      [1, 30],
      [1, 180],
    ]);
    const floor = compareTorsions(valid, train, map, 300);
    expect(floor.divergence.phiPsi).toBeCloseTo(0.037, 3);
    expect(floor.basins.slice(3)).toEqual([0, 0]);
    expect(floor.freeEnergyError).toBeLessThan(BOLTZMANN * 300);
  });
});
