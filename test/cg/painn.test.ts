import { afterAll, describe, expect, test } from "vitest";
import { stream } from "../../src/math/random.ts";
import { beadNetworkLayout, openBeadFields } from "../../src/models/cg/field.ts";
import { cgObjective } from "../../src/models/cg/objective.ts";
import type { BeadField } from "../../src/nets/beads/bead-field.ts";
import { tensorSize } from "../../src/nets/layers/parameters.ts";
import { moveSites, placeSites, spreadSites, withSites } from "../../src/nets/layers/virtual-sites.ts";
import { rotationMatrix } from "../rotations.ts";
import { relativeDifference } from "../shared.ts";
import { configurations, network, turned, withoutCenters } from "./chains.ts";

const open: (() => void)[] = [];
afterAll(() => {
  for (const dispose of open) dispose();
});

async function field(conservative: boolean, gamma: number): Promise<BeadField> {
  const { config, parameters } = network({ kind: "painn", hidden: 16, conservative });
  const fields = await openBeadFields(config);
  open.push(fields.dispose);
  return fields.at(parameters, gamma);
}

/** The field and, where there is one, the energy. */
function evaluated({ evaluate }: BeadField, z: Float64Array) {
  const [gradient, energies] = [new Float64Array(z.length), new Float64Array(z.length / 15)];
  evaluate(z, gradient, energies);
  return { gradient, energies };
}

describe("sites beside the beads", () => {
  const z = configurations(2, 5);
  const sitesOf = (x: Float64Array): Float64Array => {
    const out = new Float64Array(6 * withSites(5));
    for (const b of [0, 1]) placeSites(x, 15 * b, 5, out, 3 * withSites(5) * b);
    return out;
  };

  test("turn with the molecule, and are on the other side in a mirror", () => {
    const R = rotationMatrix(3, 1);
    expect(relativeDifference(sitesOf(turned(z, R)), turned(sitesOf(z), R))).toBeLessThan(1e-12);
    const M = rotationMatrix(3, -1);
    expect(relativeDifference(sitesOf(turned(z, M)), turned(sitesOf(z), M))).toBeGreaterThan(0.1);
  });

  test("move as their derivative says, and hand over forces by its transpose", () => {
    const random = stream({ seed: 3, purpose: "test" });
    const v = random.normals(new Float64Array(30));
    const h = 1e-6;
    const [up, down] = [h, -h].map((step) => sitesOf(z.map((x, k) => x + step * v[k])));
    const slopes = up.map((x, k) => (x - down[k]) / (2 * h));
    const S = withSites(5);
    const moved = new Float32Array(6 * S);
    const g = random.normals(new Float64Array(6 * S));
    const spread = new Float64Array(30);
    for (const b of [0, 1]) {
      moveSites(z, 15 * b, 5, v, moved, 3 * S * b);
      spreadSites(z, 15 * b, 5, g, 3 * S * b, spread);
    }
    expect(relativeDifference(moved, slopes)).toBeLessThan(1e-6);
    const dot = (p: ArrayLike<number>, q: Float64Array): number =>
      q.reduce((sum, value, k) => sum + value * p[k], 0);
    expect(dot(spread, v)).toBeCloseTo(dot(moved, g), 4);
  });
});

describe.each([
  [true, -5],
  [true, 1],
  [false, -5],
  [false, 1],
])("PaiNN of beads (conserving: %s, γ = %d)", (conservative, gamma) => {
  const z = configurations(4, 5);

  test("turning and moving a molecule turns its field; a mirror image has another", async () => {
    const net = await field(conservative, gamma);
    const here = evaluated(net, z);
    const R = rotationMatrix(3, 1);
    const moved = evaluated(
      net,
      turned(z, R).map((x) => x + 2.5),
    );
    expect(relativeDifference(moved.gradient, turned(here.gradient, R))).toBeLessThan(1e-4);
    expect(relativeDifference(withoutCenters(here.gradient, 5), here.gradient)).toBeLessThan(1e-5);
    const M = rotationMatrix(3, -1);
    const mirrored = evaluated(net, turned(z, M));
    expect(relativeDifference(mirrored.gradient, turned(here.gradient, M))).toBeGreaterThan(1e-3);
    if (conservative)
      for (const [b, energy] of here.energies.entries())
        expect(Math.abs(mirrored.energies[b] - energy)).toBeGreaterThan(1e-4);
  });

  test("has curl if it does not conserve energy, else it is the slope of its energy", async () => {
    const net = await field(conservative, gamma);
    const one = z.slice(0, 15);
    const h = conservative ? 1e-3 : 1e-2;
    const at = (k: number, step: number) =>
      evaluated(
        net,
        one.map((x, i) => x + (i === k ? step : 0)),
      );
    const sides = Array.from(one, (_, k) => [at(k, h), at(k, -h)]);
    const { gradient } = evaluated(net, one);
    if (conservative) {
      const slopes = sides.map(([up, down]) => (up.energies[0] - down.energies[0]) / (2 * h));
      expect(relativeDifference(gradient, slopes)).toBeLessThan(2e-3);
      return;
    }
    const columns = sides.map(([up, down]) => up.gradient.map((g, i) => (g - down.gradient[i]) / (2 * h)));
    const curl = Math.max(
      ...columns.flatMap((column, k) => [...column].map((g, i) => Math.abs(g - columns[i][k]))),
    );
    expect(curl).toBeGreaterThan(1e-3);
  });
});

test.each([true, false])(
  "the gradient of the loss is its derivative (conserving: %s)",
  async (conservative) => {
    const { config, parameters } = network({ kind: "painn", hidden: 16, conservative });
    const objective = await cgObjective(config);
    open.push(objective.dispose);
    const B = 70; // more than are computed at a time
    const batch = {
      x: configurations(B, 5),
      noise: withoutCenters(stream({ seed: 1, purpose: "test" }).normals(new Float64Array(15 * B)), 5),
      gamma: Float64Array.from({ length: B }, (_, b) => -5 + (7 * b) / B),
    };
    const gradient = new Float32Array(parameters.length);
    const losses = await objective.lossAndGradient(parameters, batch, gradient);
    expect(relativeDifference(losses, await objective.loss(parameters, batch))).toBeLessThan(1e-5);
    const mean = async (values: Float32Array): Promise<number> =>
      (await objective.loss(values, batch)).reduce((sum, loss) => sum + loss, 0) / B;
    let first = 0;
    for (const { name, shape } of beadNetworkLayout(config)) {
      const size = tensorSize(shape);
      const own = gradient.subarray(first, first + size);
      const length = Math.hypot(...own);
      // Along the gradient of this tensor alone: the slope there is its length.
      const h = 3e-3;
      const [up, down] = await Promise.all(
        [h, -h].map((step) =>
          mean(
            parameters.map((value, k) =>
              k >= first && k < first + size ? value + (step * gradient[k]) / Math.max(length, 1e-12) : value,
            ),
          ),
        ),
      );
      if (length > 1e-3 * Math.hypot(...gradient))
        expect(Math.abs((up - down) / (2 * h) / length - 1), name).toBeLessThan(0.02);
      first += size;
    }
    expect(first).toBe(parameters.length);
  },
);
