/**
 * Algorithm 2 of Bansal et al. 2022 for blur: x ← x − D(x̂, t) + D(x̂, s) with x̂ = R(x, t), in the cosine basis, where D
 * is a product. Images carry the noise they started with: then a step is also that of DDIM for u = D(x, t) + noise, and
 * with R(u, t) = E[x | u] and many steps the samples have the distribution of the data.
 */
import type { Blur } from "./blur.ts";

/** What is blurred below this is not made visible again. */
const FAINTEST = 0.01;

/**
 * How much each coefficient of a blurred image is raised before a network sees it, 1/√(factor² + noise²): as far as the
 * noise allows the blur is undone (Wiener), and both what was kept and what was lost come out about as large.
 */
export const raised = (factors: Float64Array, noise: number): Float64Array =>
  factors.map((factor) => 1 / Math.hypot(factor, Math.max(noise, FAINTEST)));

/**
 * @param widths σ of the blur at steps 0, 1 … T, 0 at step 0
 * @param start coefficients of images at step T with their noise. [n, H W]
 * @param restore x̂ of raised images at a step. [n, H W] → [n, H W]
 * @returns images [n, H W]
 */
export async function deblur(
  blur: Blur,
  widths: readonly number[],
  noise: number,
  start: Float64Array,
  restore: (seen: Float64Array, step: number) => Promise<Float64Array>,
): Promise<Float64Array> {
  const factors = widths.map(blur.factors);
  const u = start.slice();
  let restored = start;
  for (let step = widths.length - 1; step >= 1; step--) {
    const [now, next] = [factors[step], factors[step - 1]];
    const raise = raised(now, noise);
    const D = now.length;
    restored = await restore(blur.image(u.map((value, k) => value * raise[k % D])), step);
    const found = blur.coefficients(restored);
    for (let k = 0; k < u.length; k++) u[k] += (next[k % D] - now[k % D]) * found[k];
  }
  return restored;
}
