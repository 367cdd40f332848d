import { describe, expect, test } from "vitest";
import { alphaOf, sigmaOf } from "../../src/diffusion/schedule.ts";
import { stream } from "../../src/math/random.ts";
import { cgObjective } from "../../src/models/cg/objective.ts";
import { beadField } from "../../src/nets/beads/bead-field.ts";
import { type BeadInputs, type BeadParameters, beadEnergy, beadNoise } from "../../src/nets/beads/beads.ts";
import { type BeadNetworkConfig, beadLayout, embedGamma } from "../../src/nets/beads/beads-config.ts";
import { tensorSize } from "../../src/nets/layers/parameters.ts";
import { parameterTree } from "../../src/nets/layers/tensors.ts";
import { jax, np } from "../../src/platform/jax.ts";
import { rotationMatrix } from "../rotations.ts";
import { maxDifference, relativeDifference } from "../shared.ts";
import { configurations, network, turned, withoutCenters } from "./chains.ts";

await jax.init("wasm");

const LEVELS = [-7, -3, 0, 4];

function inputs(z: Float64Array, N: number, gamma: number): BeadInputs {
  const B = z.length / (3 * N);
  const column = (value: number): np.Array => np.array(new Float32Array(B).fill(value), { shape: [B, 1] });
  const time = Float32Array.from(Array.from({ length: B }, () => embedGamma(gamma)).flat());
  return {
    z: np.array(Float32Array.from(z), { shape: [B, N, 3] }),
    time: np.array(time, { shape: [B, time.length / B] }),
    alpha: column(alphaOf(gamma)),
    sigma: column(sigmaOf(gamma)),
  };
}

const tree = (config: BeadNetworkConfig, parameters: Float32Array): BeadParameters =>
  parameterTree(beadLayout(config), parameters) as unknown as BeadParameters;

/** ∇U and U by the plain arrays. */
function plain(
  { config, parameters }: ReturnType<typeof network>,
  z: Float64Array,
  gamma: number,
): { readonly gradient: Float64Array; readonly energies: Float64Array } {
  const gradient = new Float64Array(z.length);
  const energies = new Float64Array(z.length / (3 * config.beads));
  beadField(config, parameters, gamma).evaluate(z, gradient, energies);
  return { gradient, energies };
}

describe.each(LEVELS)("at noise level γ = %d", (gamma) => {
  test("the noise of the conserving network is σ ∇U, U by its definition and its gradient by jax", async () => {
    const { config, parameters } = network();
    const z = configurations(6, 5);
    const noise = await beadNoise(config, tree(config, parameters), inputs(z, 5, gamma)).data();
    const { z: positions, ...others } = inputs(z, 5, gamma);
    const own = jax.grad((x: np.Array) =>
      beadEnergy(config, tree(config, parameters), { z: x, ...others }).sum(),
    )(positions);
    const gradient = Float64Array.from((await own.data()) as Float32Array, (g) => sigmaOf(gamma) * g);
    // The energy does not remove centres; the noise lies in the space without.
    expect(relativeDifference(noise, withoutCenters(gradient, 5))).toBeLessThan(1e-5);
  });

  test.each([
    ["with", true, 5],
    ["without", false, 5],
    ["with", true, 7],
  ] as const)(
    "plain arrays compute the same function %s energy conservation, %s, of %d beads",
    async (_, conservative, N) => {
      const net = network({ conservative, beads: N });
      const z = configurations(19, N); // more than a block
      const { gradient, energies } = plain(net, z, gamma);
      const noise = await beadNoise(net.config, tree(net.config, net.parameters), inputs(z, N, gamma)).data();
      expect(
        relativeDifference(
          noise,
          gradient.map((g) => sigmaOf(gamma) * g),
        ),
      ).toBeLessThan(2e-6);
      if (!conservative) return;
      const defined = await beadEnergy(
        net.config,
        tree(net.config, net.parameters),
        inputs(z, N, gamma),
      ).data();
      expect(relativeDifference(defined, energies)).toBeLessThan(1e-5);
    },
  );

  test("the gradient is the derivative of the energy", () => {
    const net = network({ hidden: 16, layers: 3 });
    const z = configurations(1, 5, 3);
    const { gradient } = plain(net, z, gamma);
    const h = 1e-5;
    const slopes = z.map((_, k) => {
      const at = (step: number): number =>
        plain(
          net,
          z.map((value, i) => value + (i === k ? step : 0)),
          gamma,
        ).energies[0];
      return (at(h) - at(-h)) / (2 * h);
    });
    expect(relativeDifference(gradient, slopes)).toBeLessThan(1e-6);
  });
});

describe("symmetry", () => {
  const net = network();
  const z = configurations(4, 5);
  const { gradient, energies } = plain(net, z, -3);

  test("turning and moving a molecule leaves its energy and turns its forces", () => {
    const R = rotationMatrix(3, 1);
    const moved = plain(
      net,
      turned(z, R).map((x) => x + 2.5),
      -3,
    );
    expect(relativeDifference(moved.energies, energies)).toBeLessThan(1e-12);
    expect(relativeDifference(moved.gradient, turned(gradient, R))).toBeLessThan(1e-10);
  });

  test("forces have neither a sum nor a moment", () => {
    for (let b = 0; b < 4; b++) {
      const total = [0, 1, 2].map((d) => {
        let [sum, moment] = [0, 0];
        const [p, q] = [(d + 1) % 3, (d + 2) % 3];
        for (let i = 15 * b; i < 15 * (b + 1); i += 3) {
          sum += gradient[i + d];
          moment += z[i + p] * gradient[i + q] - z[i + q] * gradient[i + p];
        }
        return Math.hypot(sum, moment);
      });
      expect(Math.max(...total)).toBeLessThan(1e-10);
    }
  });

  test("a mirror image has another energy, unless the molecule is flat", () => {
    const mirrored = plain(net, turned(z, rotationMatrix(3, -1)), -3);
    const apart = energies.map((energy, b) => Math.abs(mirrored.energies[b] - energy));
    expect(Math.min(...apart)).toBeGreaterThan(1e-6);
    expect(Math.max(...apart)).toBeGreaterThan(1e-3);
    const flat = z.map((x, k) => (k % 3 === 2 ? 0 : x));
    const both = [flat, turned(flat, rotationMatrix(3, -1))].map((x) => plain(net, x, -3).energies);
    expect(relativeDifference(both[1], both[0])).toBeLessThan(1e-12);
  });
});

/** Largest asymmetry of the field's Jacobian, over its largest entry. */
function curl(net: ReturnType<typeof network>): number {
  const z = configurations(1, 5, 2);
  const h = 1e-5;
  const columns = Array.from(z, (_, k) => {
    const [up, down] = [h, -h].map(
      (step) =>
        plain(
          net,
          z.map((value, i) => value + (i === k ? step : 0)),
          -2,
        ).gradient,
    );
    return up.map((value, i) => (value - down[i]) / (2 * h));
  });
  let [asymmetry, largest] = [0, 0];
  columns.forEach((column, k) => {
    column.forEach((value, i) => {
      asymmetry = Math.max(asymmetry, Math.abs(value - columns[i][k]));
      largest = Math.max(largest, Math.abs(value));
    });
  });
  return asymmetry / largest;
}

test("the conserving field has no curl, the free field has", () => {
  expect(curl(network())).toBeLessThan(1e-6);
  expect(curl(network({ conservative: false }))).toBeGreaterThan(1e-2);
});

// Widths that are multiples of four take another path through the compiler of jax-js than others.
test.each([
  [true, 8],
  [true, 7],
  [false, 8],
])(
  "the compiled gradient of the loss is its derivative (conserving: %s, width %d)",
  async (conservative, hidden) => {
    const { config, parameters } = network({ conservative, hidden });
    const objective = await cgObjective(config);
    const B = 5;
    const batch = {
      x: configurations(B, 5),
      noise: withoutCenters(stream({ seed: 1, purpose: "test" }).normals(new Float64Array(15 * B)), 5),
      gamma: Float64Array.of(-5, -3, -1, 0, 2),
    };
    const gradient = new Float32Array(parameters.length);
    const losses = await objective.lossAndGradient(parameters, batch, gradient);
    expect(maxDifference(losses, await objective.loss(parameters, batch))).toBeLessThan(1e-5);
    const mean = async (values: Float32Array): Promise<number> =>
      (await objective.loss(values, batch)).reduce((sum, loss) => sum + loss, 0) / B;
    let first = 0;
    for (const { name, shape } of beadLayout(config)) {
      // Along a direction in this tensor alone: central differences of second order, extrapolated.
      const size = tensorSize(shape);
      const direction = stream({ seed: 2, purpose: "test", index: first }).normals(new Float64Array(size));
      const slope = async (h: number): Promise<number> => {
        const moved = [h, -h].map((step) =>
          parameters.map((value, k) =>
            k >= first && k < first + size ? value + step * direction[k - first] : value,
          ),
        );
        return ((await mean(moved[0])) - (await mean(moved[1]))) / (2 * h);
      };
      const [coarse, fine] = [await slope(0.02), await slope(0.01)];
      const along = direction.reduce((sum, value, k) => sum + value * gradient[first + k], 0);
      const scale = Math.hypot(...gradient.subarray(first, first + size)) + 1e-4;
      expect(Math.abs((4 * fine - coarse) / 3 - along) / scale, name).toBeLessThan(0.02);
      first += size;
    }
    objective.dispose();
  },
);
