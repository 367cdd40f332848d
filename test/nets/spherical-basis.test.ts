import { describe, expect, it } from "vitest";
import {
  legendre,
  sphericalBessel,
  sphericalBesselZeros,
  sphericalRadial,
} from "../../src/nets/layers/spherical-basis.ts";
import { jax, np } from "../../src/platform/jax.ts";

await jax.init("wasm");
jax.defaultDevice("wasm");

describe("spherical basis", () => {
  it("j_l has its closed forms", () => {
    for (const x of [0.3, 1, 2.5, 7, 20]) {
      expect(sphericalBessel(1, x)).toBeCloseTo(Math.sin(x) / x ** 2 - Math.cos(x) / x, 12);
      expect(sphericalBessel(2, x)).toBeCloseTo(
        (3 / x ** 3 - 1 / x) * Math.sin(x) - (3 / x ** 2) * Math.cos(x),
        10,
      );
    }
  });

  it("zeros are the tabulated ones", () => {
    // Abramowitz & Stegun, table 10.6
    expect(sphericalBesselZeros(1, 2)[0]).toBeCloseTo(4.493409, 6);
    expect(sphericalBesselZeros(2, 2)[1]).toBeCloseTo(9.095011, 6);
    expect(sphericalBesselZeros(6, 1)[0]).toBeCloseTo(10.512835, 5);
  });

  it("radial functions of one order are orthonormal in the ball", async () => {
    const [L, R, cutoff, steps] = [7, 6, 5, 4000];
    const d = Float64Array.from({ length: steps }, (_, k) => ((k + 0.5) * cutoff) / steps);
    const values = await sphericalRadial(L, R, cutoff, np.array(d, { shape: [steps, 1] })).data();
    for (let l = 0; l < L; l++)
      for (let n = 0; n < R; n++)
        for (let m = 0; m <= n; m++) {
          let product = 0;
          for (let k = 0; k < steps; k++)
            product +=
              (values[(k * L + l) * R + n] * values[(k * L + l) * R + m] * d[k] ** 2 * cutoff) / steps;
          expect(product).toBeCloseTo(n === m ? 1 : 0, 3);
        }
  });

  it("Legendre polynomials are orthogonal, and 1 at 1 but for their norm", async () => {
    const steps = 4000;
    const x = Float64Array.from({ length: steps }, (_, k) => (2 * (k + 0.5)) / steps - 1);
    const y = await legendre(5, np.array(x)).data();
    for (let l = 0; l < 5; l++)
      for (let m = 0; m <= l; m++) {
        let product = 0;
        for (let k = 0; k < steps; k++) product += (y[5 * k + l] * y[5 * k + m] * 2) / steps;
        expect(2 * Math.PI * product).toBeCloseTo(l === m ? 1 : 0, 4);
      }
  });
});
