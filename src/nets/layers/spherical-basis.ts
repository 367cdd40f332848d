/**
 * DimeNet's basis of a distance and an angle: spherical Bessel functions j_l(z_ln d/c) and Legendre polynomials
 * P_l(cos α) (Gasteiger, Groß, Günnemann 2020, equation 6), l = 0 … L − 1, n = 1 … R. The radial part belongs to
 * a pair and the angular part to a triplet, so they are made apart.
 */
import { np } from "../../platform/jax.ts";

/** j_l(x) in double precision: upwards from j_0, j_1 where that is stable, else its power series. */
export function sphericalBessel(l: number, x: number): number {
  if (x < l + 1) {
    let term = 1;
    for (let k = 1; k <= l; k++) term *= x / (2 * k + 1);
    let sum = term;
    for (let k = 1; k < 40; k++) {
      term *= (-x * x) / 2 / (k * (2 * l + 2 * k + 1));
      sum += term;
    }
    return sum;
  }
  let [before, value] = [Math.cos(x) / x, Math.sin(x) / x]; // j_{−1}, j_0
  for (let k = 0; k < l; k++) [before, value] = [value, ((2 * k + 1) / x) * value - before];
  return value;
}

/** The first `count` positive zeros of j_l, by bisection between extrema of neighbouring orders. */
export function sphericalBesselZeros(l: number, count: number): number[] {
  // The zeros of j_l separate those of j_{l+1}.
  let zeros = Array.from({ length: count + l }, (_, n) => (n + 1) * Math.PI);
  for (let order = 1; order <= l; order++) {
    zeros = zeros.slice(1).map((high, n) => {
      let [a, b] = [zeros[n], high];
      const sign = Math.sign(sphericalBessel(order, a));
      for (let k = 0; k < 60; k++) {
        const middle = (a + b) / 2;
        if (Math.sign(sphericalBessel(order, middle)) === sign) a = middle;
        else b = middle;
      }
      return (a + b) / 2;
    });
  }
  return zeros.slice(0, count);
}

/** Normalised j_l(z_ln d/c) for all l, n; owns d [..., 1]. [..., L, R] */
export function sphericalRadial(L: number, R: number, cutoff: number, d: np.Array): np.Array {
  const shape = d.shape.slice(0, -1);
  const orders = Array.from({ length: L }, (_, l) => {
    const zeros = sphericalBesselZeros(l, R);
    const norms = zeros.map((z) => Math.sqrt(2 / cutoff ** 3) / Math.abs(sphericalBessel(l + 1, z)));
    const x = d.ref.mul(np.array(zeros.map((z) => z / cutoff)).astype(d.dtype)); // [..., R]
    return bessel(l, x)
      .mul(np.array(norms).astype(d.dtype))
      .reshape([...shape, 1, R]);
  });
  d.dispose();
  return np.concatenate(orders, shape.length);
}

/** j_l(x): upward recurrence where x > l, power series below. */
function bessel(l: number, x: np.Array): np.Array {
  const sine = np.sin(x.ref).div(x.ref);
  if (l === 0) {
    x.dispose();
    return sine;
  }
  const far = np.maximum(x.ref, l); // keeps the branch that is not taken finite
  let before = np.cos(far.ref).div(far.ref);
  let value = np.sin(far.ref).div(far.ref);
  sine.dispose();
  for (let k = 0; k < l; k++) {
    const next = value.ref.mul(np.divide(2 * k + 1, far.ref)).sub(before);
    before = value;
    value = next;
  }
  before.dispose();
  far.dispose();
  const near = np.minimum(x.ref, l);
  const square = np.square(near.ref).mul(-0.5);
  let sum = np.onesLike(square.ref);
  for (let k = 14; k >= 1; k--)
    sum = sum
      .mul(square.ref)
      .mul(1 / (k * (2 * l + 2 * k + 1)))
      .add(1); // Horner
  square.dispose();
  let scale = 1;
  for (let k = 1; k <= l; k++) scale *= 2 * k + 1;
  let power = near.ref;
  for (let k = 1; k < l; k++) power = power.mul(near.ref);
  near.dispose();
  const series = sum.mul(power).mul(1 / scale);
  return np.where(np.less(x, l), series, value);
}

/** √((2l+1)/4π) P_l(cos α); owns the cosines [...]. [..., L] */
export function legendre(L: number, cosine: np.Array): np.Array {
  const last = cosine.shape.length;
  const values = [np.onesLike(cosine.ref)];
  if (L > 1) values.push(cosine.ref);
  for (let l = 2; l < L; l++) {
    const rise = cosine.ref.mul(values[l - 1].ref).mul((2 * l - 1) / l);
    values.push(rise.sub(values[l - 2].ref.mul((l - 1) / l)));
  }
  cosine.dispose();
  return np.stack(
    values.map((value, l) => value.mul(Math.sqrt((2 * l + 1) / (4 * Math.PI)))),
    last,
  );
}
