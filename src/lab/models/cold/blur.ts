/**
 * Blur as the heat equation with insulated edges: diagonal in the cosine basis, e^{−λ τ} with
 * λ = π² (i²/H² + j²/W²) and τ = σ²/2, σ the blur's width in pixels (Rissanen et al. 2023, section 3).
 */
import { np } from "../../../platform/jax.ts";

export interface Blur {
  /** Factors e^{−λ τ} of the coefficients at width σ. [H W] */
  readonly factors: (sigma: number) => Float64Array;
  /** D(x) at width σ for all images, [n, H W] in place of none. */
  readonly apply: (images: Float64Array, sigma: number) => Float64Array;
  /** Coefficients in the cosine basis, which is orthonormal, and back. [n, H W] */
  readonly coefficients: (images: Float64Array) => Float64Array;
  readonly image: (coefficients: Float64Array) => Float64Array;
  /** Images whose coefficients are times `factors` plus `added`; takes ownership. [B, H, W] all */
  readonly onDevice: (images: np.Array, factors: np.Array, added: np.Array) => np.Array;
}

/** Orthonormal cosine basis, row k the frequency k. [n, n] */
function cosines(n: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, i) => {
    const [k, x] = [Math.floor(i / n), i % n];
    return Math.sqrt((k === 0 ? 1 : 2) / n) * Math.cos((Math.PI * (x + 0.5) * k) / n);
  });
}

/** [n, n] → its transpose. */
const transposed = (matrix: Float64Array, n: number): Float64Array =>
  matrix.map((_, i) => matrix[(i % n) * n + Math.floor(i / n)]);

export function blurOf(height: number, width: number): Blur {
  const [H, W] = [height, width];
  const [down, across] = [cosines(H), cosines(W)];
  const [downBack, acrossBack] = [transposed(down, H), transposed(across, W)];

  /** A X Bᵀ of each image. */
  const sandwich = (A: Float64Array, images: Float64Array, B: Float64Array): Float64Array => {
    const out = new Float64Array(images.length);
    const half = new Float64Array(H * W);
    for (let first = 0; first < images.length; first += H * W) {
      half.fill(0);
      for (let i = 0; i < H; i++)
        for (let y = 0; y < H; y++) {
          const a = A[i * H + y];
          for (let x = 0; x < W; x++) half[i * W + x] += a * images[first + y * W + x];
        }
      for (let i = 0; i < H; i++)
        for (let j = 0; j < W; j++) {
          let sum = 0;
          for (let x = 0; x < W; x++) sum += B[j * W + x] * half[i * W + x];
          out[first + i * W + j] = sum;
        }
    }
    return out;
  };
  const coefficients: Blur["coefficients"] = (images) => sandwich(down, images, across);
  const image: Blur["image"] = (found) => sandwich(downBack, found, acrossBack);
  const factors: Blur["factors"] = (sigma) =>
    Float64Array.from({ length: H * W }, (_, k) => {
      const [i, j] = [Math.floor(k / W), k % W];
      return Math.exp(-0.5 * (Math.PI * sigma) ** 2 * ((i / H) ** 2 + (j / W) ** 2));
    });

  return {
    factors,
    coefficients,
    image,
    apply: (images, sigma) => {
      const kept = factors(sigma);
      return image(coefficients(images).map((value, k) => value * kept[k % (H * W)]));
    },
    onDevice: (images, kept, added) => {
      const A = np.array(Float32Array.from(down), { shape: [1, H, H] });
      const B = np.array(Float32Array.from(across), { shape: [1, W, W] });
      const found = np.matmul(np.matmul(A.ref, images), B.ref.transpose([0, 2, 1]));
      const changed = found.mul(kept).add(added);
      return np.matmul(np.matmul(A.transpose([0, 2, 1]), changed), B);
    },
  };
}
