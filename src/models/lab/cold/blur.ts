/**
 * Blur as the heat equation with insulated edges: diagonal in the cosine basis, e^{−λ τ} with
 * λ = π² (i²/H² + j²/W²) and τ = σ²/2, σ the blur's width in pixels (Rissanen et al. 2023, section 3).
 */
import { np } from "../../../runtime/jax.ts";

export interface Blur {
  /** Factors of the H + W frequencies at width σ: e^{−λ τ} is their product. */
  readonly factors: (sigma: number) => { readonly rows: Float64Array; readonly columns: Float64Array };
  /** D(x) at width σ for all images, [n, H W] in place of none. */
  readonly apply: (images: Float64Array, sigma: number) => Float64Array;
  /** The same on the device, each image with its factors; takes ownership. [B, H, W], [B, H, 1], [B, 1, W] */
  readonly onDevice: (images: np.Array, rows: np.Array, columns: np.Array) => np.Array;
  /** Coefficients in the cosine basis, and back. [n, H W] */
  readonly coefficients: (images: Float64Array) => Float64Array;
  readonly image: (coefficients: Float64Array) => Float64Array;
}

/** Orthonormal cosine basis, row k the frequency k. [n, n] */
function cosines(n: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, i) => {
    const [k, x] = [Math.floor(i / n), i % n];
    return Math.sqrt((k === 0 ? 1 : 2) / n) * Math.cos((Math.PI * (x + 0.5) * k) / n);
  });
}

export function blurOf(height: number, width: number): Blur {
  const [H, W] = [height, width];
  const [down, across] = [cosines(H), cosines(W)];
  const decay = (n: number, sigma: number): Float64Array =>
    Float64Array.from({ length: n }, (_, k) => Math.exp(-0.5 * ((Math.PI * k * sigma) / n) ** 2));
  const factors: Blur["factors"] = (sigma) => ({ rows: decay(H, sigma), columns: decay(W, sigma) });

  /** A X Bᵀ of each image, or Aᵀ X B. */
  const transformed = (images: Float64Array, back: boolean): Float64Array => {
    const out = new Float64Array(images.length);
    const half = new Float64Array(H * W);
    const A = (i: number, y: number): number => (back ? down[y * H + i] : down[i * H + y]);
    const B = (j: number, x: number): number => (back ? across[x * W + j] : across[j * W + x]);
    for (let first = 0; first < images.length; first += H * W) {
      half.fill(0);
      for (let i = 0; i < H; i++)
        for (let y = 0; y < H; y++) {
          const a = A(i, y);
          for (let x = 0; x < W; x++) half[i * W + x] += a * images[first + y * W + x];
        }
      for (let i = 0; i < H; i++)
        for (let j = 0; j < W; j++) {
          let sum = 0;
          for (let x = 0; x < W; x++) sum += B(j, x) * half[i * W + x];
          out[first + i * W + j] = sum;
        }
    }
    return out;
  };
  const coefficients = (images: Float64Array): Float64Array => transformed(images, false);
  const image = (found: Float64Array): Float64Array => transformed(found, true);

  return {
    factors,
    coefficients,
    image,
    apply: (images, sigma) => {
      const { rows, columns } = factors(sigma);
      return image(
        coefficients(images).map((value, k) => value * rows[Math.floor(k / W) % H] * columns[k % W]),
      );
    },
    onDevice: (images, rows, columns) => {
      const A = np.array(Float32Array.from(down), { shape: [1, H, H] });
      const B = np.array(Float32Array.from(across), { shape: [1, W, W] });
      const found = np
        .matmul(np.matmul(A.ref, images), B.ref.transpose([0, 2, 1]))
        .mul(rows)
        .mul(columns);
      return np.matmul(np.matmul(A.transpose([0, 2, 1]), found), B);
    },
  };
}
