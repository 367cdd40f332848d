import { expect, test } from "vitest";
import type { Molecule } from "../../src/chem/molecule.ts";
import { perceiveBonds } from "../../src/chem/perception.ts";
import { stream } from "../../src/math/random.ts";
import { rotatableTorsions, torsionAngle, torsionName } from "../../src/physics/torsions.ts";
import { structureObserver, trend } from "../../src/simulate/observables.ts";
import { createState, drawVelocities, kineticEnergy, removeRigidMotion } from "../../src/simulate/state.ts";
import { ticks } from "../../src/views/simulation-charts.ts";
import { ETHANOL } from "../chem/molecules.ts";

test("the line through points of a line is that line, and nothing is left about it", () => {
  const line = trend();
  for (let k = 0; k < 50; k++) line.add(1e6 + 0.1 * k, -97_000 + 0.03 * k);
  expect(line.slope()).toBeCloseTo(0.3, 6);
  expect(line.residual()).toBeLessThan(1e-6);
  expect(line.mean()).toBeCloseTo(-97_000 + 0.03 * 24.5, 8);
});

test("a torsion turns with its last atom, and its sign with the mirror", () => {
  const at = (degrees: number, mirror = 1): number => {
    const angle = (degrees * Math.PI) / 180;
    const positions = [1, 0, 0, 0, 0, 0, 0, 0, 1, Math.cos(angle), Math.sin(angle), 1];
    return torsionAngle(
      positions.map((x, k) => (k % 3 === 1 ? mirror * x : x)),
      [0, 1, 2, 3],
    );
  };
  for (const degrees of [-170, -60, 0, 45, 120]) {
    expect(at(degrees)).toBeCloseTo(degrees, 10);
    expect(at(degrees, -1)).toBeCloseTo(-degrees || 0, 10);
  }
});

test("ethanol turns about C–C and C–O, followed by the heaviest neighbours", () => {
  const torsions = rotatableTorsions(ETHANOL, perceiveBonds(ETHANOL, "geom"));
  expect(torsions.map((torsion) => torsionName(torsion, ETHANOL))).toEqual(["O3–C1–C2–H6", "C2–C1–O3–H9"]);
});

test("a ring does not turn", () => {
  const ring = Array.from({ length: 6 }, (_, k) => [
    1.53 * Math.cos((k * Math.PI) / 3),
    1.53 * Math.sin((k * Math.PI) / 3),
    0,
  ]);
  const molecule: Molecule = {
    atomicNumbers: new Uint8Array(6).fill(6),
    positions: Float64Array.from(ring.flat()),
  };
  const bonds = Array.from({ length: 6 }, (_, i) => ({ i, j: (i + 1) % 6, order: 1 as const }));
  expect(rotatableTorsions(molecule, bonds)).toEqual([]);
});

test("the radial distribution integrates to the number of neighbours, torsions to one", () => {
  const observer = structureObserver(ETHANOL, perceiveBonds(ETHANOL, "geom"));
  const random = stream({ seed: 3, purpose: "test" });
  for (let k = 0; k < 20; k++) observer.add(ETHANOL.positions.map((x) => x + 0.05 * random.normal()));
  const { distances, torsions, binWidth, torsionBinWidth } = observer.result();
  const integral = (name: string): number =>
    (distances.find((pair) => pair.name === name)?.density ?? []).reduce(
      (sum, value) => sum + value * binWidth,
      0,
    );
  expect(integral("H-C")).toBeCloseTo(2, 10); // two carbons around a hydrogen
  expect(integral("H-H")).toBeCloseTo(5, 10);
  expect(integral("C-C")).toBeCloseTo(1, 10);
  for (const { density } of torsions)
    expect(density.reduce((sum, value) => sum + value * torsionBinWidth, 0)).toBeCloseTo(1, 10);
});

test("removing rigid motion leaves no momentum and no angular momentum, and is done once", () => {
  for (const positions of [
    ETHANOL.positions.slice(),
    new Float64Array(27).map((_, k) => (k % 3 === 0 ? k : 0)),
  ]) {
    const masses = [12, 12, 16, 1, 1, 1, 1, 1, 1];
    const state = createState({ atomicNumbers: ETHANOL.atomicNumbers, masses, positions });
    drawVelocities(state, 300, 1);
    removeRigidMotion(state);
    const once = state.velocities.slice();
    const sums = [0, 0, 0, 0, 0, 0];
    for (let i = 0; i < 9; i++) {
      const [x, y, z] = positions.subarray(3 * i);
      const [u, v, w] = state.velocities.subarray(3 * i);
      [u, v, w, y * w - z * v, z * u - x * w, x * v - y * u].forEach((p, k) => {
        sums[k] += masses[i] * p;
      });
    }
    expect(Math.max(...sums.map(Math.abs))).toBeLessThan(1e-12);
    removeRigidMotion(state);
    expect(Math.max(...state.velocities.map((v, k) => Math.abs(v - once[k])))).toBeLessThan(1e-15);
    expect(kineticEnergy(state, 0)).toBeGreaterThan(0);
  }
});

test("ticks are round numbers within the range", () => {
  expect(ticks(-0.3, 1.02, 5).map(({ text }) => text)).toEqual(
    ["0.0", "0.5", "1.0"].map((t) => (t === "0.0" ? "0" : t)),
  );
  expect(ticks(0, 2.1e-5, 4).map(({ text }) => text)).toEqual(["0", "1e−5", "2e−5"]);
});
