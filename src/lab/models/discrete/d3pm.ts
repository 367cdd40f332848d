/**
 * D3PM (Austin et al. 2021): diffusion of symbols with uniform or absorbing corruption. The network predicts
 * p̃(x_0 | x_t), from which p(x_s | x_t) = Σ_k q(x_s | x_t, x_0 = k) p̃(k) (eq. 4); the loss is the bound at one time of
 * each row, in nats, T times.
 */
import { z } from "zod";
import { type Corruption, keepSchedule, reverseProbabilities } from "../../../diffusion/categorical.ts";
import { stream } from "../../../math/random.ts";
import { count } from "../../../models/limits.ts";
import type { ParameterTree } from "../../../nets/layers/tensors.ts";
import { nn, np } from "../../../platform/jax.ts";
import { denoiserNetwork, denoiserPresets, denoiserSettings } from "../denoiser-network.ts";
import type { LabModel, LabModelKind } from "../lab-model.ts";
import { rowNetwork } from "../rows.ts";
import { drawn, symbolBound } from "./bound.ts";
import { isEnumerable, symbolDistribution } from "./distribution.ts";
import { symbolCoding } from "./symbols.ts";

const settingsSchema = z.strictObject({
  ...denoiserSettings,
  /** T. */
  steps: count.default(50),
  /** Cells along each axis that points are put into. */
  cells: count.default(48),
});
type Settings = z.infer<typeof settingsSchema>;

const kind = (corruption: Corruption): LabModelKind<Settings> => ({
  name: `d3pm-${corruption}`,
  title: `D3PM: diffusion of symbols, ${corruption === "uniform" ? "replaced by any other" : "masked"}`,
  source: "Austin, Johnson, Ho, Tarlow, van den Berg 2021",
  settings: settingsSchema,
  presets: {
    points: { "training.learningRate": 2e-3, "training.emaDecay": 0.99, "training.epochs": 30 },
    symbols: { "training.learningRate": 2e-3, "training.emaDecay": 0.99, "training.epochs": 30 },
    images: denoiserPresets.images,
  },
  build: (settings, shape, facts) => {
    const coding = symbolCoding(shape, settings.cells, facts);
    const { length: D, symbols: K } = coding;
    const T = settings.steps;
    const keep = keepSchedule(corruption);
    // Symbol K is the mask. Two symbols are told by one number, −1 or 1, the mask being 0; more by one for each.
    const channels = K === 2 ? 1 : K;
    const { layout, apply } =
      shape.kind === "images"
        ? denoiserNetwork(settings, shape)
        : denoiserNetwork(settings, { kind: "points", dimension: D * channels });

    /** log p̃(x_0 | x_t); takes ownership. one-hot symbols, zero where masked [B, D, K], t [B] → [B, D, K] */
    const logPredicted = (parameters: ParameterTree, symbols: np.Array, t: np.Array): np.Array => {
      const B = symbols.shape[0];
      const input =
        K === 2 ? symbols.ref.slice([], [], 1).sub(symbols.slice([], [], 0)) : symbols.reshape([B, D * K]);
      const out = apply(parameters, input, t);
      if (K !== 2) return nn.logSoftmax(out.reshape([B, D, K]), 2);
      const logit = out.reshape([B, D, 1]);
      return nn.logSoftmax(np.concatenate([np.zerosLike(logit.ref), logit], 2), 2);
    };

    const draws: LabModel["draws"] = (batch, random) => {
      const columns = Array.from({ length: batch }, () => {
        const step = 1 + random.integer(T);
        return [step / T, keep((step - 1) / T), keep(step / T)];
      });
      const uniforms = Float32Array.from({ length: batch * D }, () => random.uint32() / 2 ** 32);
      const others = Float32Array.from({ length: batch * D }, () => random.integer(K));
      return {
        times: { values: Float32Array.from(columns.flat()), shape: [batch, 3] },
        uniforms: { values: uniforms, shape: [batch, D, 1] },
        others: { values: others, shape: [batch, D, 1] },
      };
    };

    const oneHot = (symbols: np.Array): np.Array =>
      np.equal(symbols, np.arange(K).reshape([1, 1, K])).astype(np.float32); // [B, D, 1] → [B, D, K]
    /** Cells of points, which a batch of rows comes as. */
    const symbolsOf = (x: np.Array): np.Array => coding.onDevice(x).reshape([-1, D, 1]);

    // docs: begin loss
    const loss: LabModel["loss"] = (parameters, x, { times, uniforms, others }) => {
      const [t, keepS, keepT] = np.split(times, 3, 1).map((column) => column.reshape([-1, 1, 1]));
      const x0 = oneHot(symbolsOf(x)); // [B, D, K]
      const kept = np.less(uniforms, keepT.ref).astype(np.float32); // [B, D, 1]
      const replaced =
        corruption === "uniform" ? oneHot(others).mul(np.subtract(1, kept.ref)) : disposed(others);
      const xt = replaced === undefined ? x0.ref.mul(kept.ref) : x0.ref.mul(kept.ref).add(replaced);
      const logP = logPredicted(parameters, xt.ref, t.reshape([-1]));
      if (corruption === "absorbing") {
        disposed(xt);
        // Of the masks, those that go at this step: their symbols must be told (section 3.3).
        const rate = keepS.sub(keepT.ref).div(np.subtract(1, keepT));
        return np.negative(x0.mul(logP).mul(np.subtract(1, kept)).mul(rate).sum([1, 2])).mul(T);
      }
      disposed(kept);
      const both = keepT.ref.div(keepS.ref); // kept from s to t
      const forward = both.ref.mul(xt.ref).add(np.subtract(1, both).div(K)); // q(x_t | x_s = j)
      const normalizer = keepT.ref.mul(xt).add(np.subtract(1, keepT).div(K)); // q(x_t | x_0 = k)
      const spread = np.subtract(1, keepS.ref).div(K);
      const mix = (p: np.Array): np.Array => {
        const share = p.div(normalizer.ref); // p̃(k)/q(x_t | k)
        const total = share.ref.sum(2, { keepdims: true });
        return forward.ref.mul(keepS.ref.mul(share).add(spread.ref.mul(total))); // p(x_s = j | x_t)
      };
      const q = mix(x0);
      const p = mix(np.exp(logP));
      for (const array of [forward, normalizer, spread, keepS]) disposed(array);
      const logRatio = np.log(np.maximum(q.ref, 1e-20)).sub(np.log(np.maximum(p, 1e-20)));
      return q.mul(logRatio).sum([1, 2]).mul(T); // T KL(q(x_s | x_t, x_0) ‖ p(x_s | x_t))
    };
    // docs: end loss

    /** p̃ of symbols [n, D] at time t. [n, D, K] */
    const compiled = rowNetwork(layout, D, (parameters, symbols, t) =>
      np.exp(logPredicted(parameters, oneHot(symbols.reshape([-1, D, 1])), t)).reshape([-1, D * K]),
    );
    const step = (k: number): { readonly s: number; readonly t: number } => ({
      s: keep((k - 1) / T),
      t: keep(k / T),
    });

    return {
      layout,
      draws,
      loss,
      sample: async (parameters, n, seed) => {
        const network = compiled.with(parameters);
        let x = Int32Array.from({ length: n * D }, () => K);
        const randomOf = (i: number, k: number) =>
          stream({ seed, purpose: "samplingNoise", index: i, step: k });
        if (corruption === "uniform")
          for (let i = 0; i < n; i++) {
            const random = randomOf(i, T);
            for (let d = 0; d < D; d++) x[i * D + d] = random.integer(K);
          }
        for (let k = T; k >= 1; k--) {
          const predicted = await network.of(x, k / T);
          const next = x.slice();
          for (let i = 0; i < n; i++) {
            const random = randomOf(i, k - 1);
            for (let at = i * D; at < (i + 1) * D; at++) {
              const own = predicted.subarray(at * K, (at + 1) * K);
              next[at] = drawn(reverseProbabilities(corruption, step(k), x[at], own), random.uniform());
            }
          }
          x = next;
        }
        network.release();
        const rows = new Float32Array(n * D);
        for (let i = 0; i < n; i++) {
          const random = stream({ seed, purpose: "samplingNoise", index: i, step: 0xfffffffe });
          for (let d = 0; d < D; d++) rows[i * D + d] = coding.fromSymbol(x[i * D + d], d, random);
        }
        return rows;
      },
      logLikelihood: {
        kind: "lower bound",
        of: async (parameters, rows, seed) => {
          const network = compiled.with(parameters);
          const bound = await symbolBound({
            corruption,
            symbols: coding.toSymbols(rows),
            columns: D,
            K,
            T,
            keep: step,
            seed,
            predict: (x, k) => network.of(x, k / T),
          });
          network.release();
          return bound.map((nats) => -nats - coding.logCell);
        },
      },
      ...(shape.kind === "points" &&
        isEnumerable(D, K) && {
          density: {
            note: "summed over all symbols",
            of: async (parameters, rows) => {
              const network = compiled.with(parameters);
              const predict = (x: Int32Array, k: number) => network.of(x, k / T);
              const p = await symbolDistribution({ corruption, columns: D, K, T, keep: step, predict });
              network.release();
              const symbols = coding.toSymbols(rows);
              return Float64Array.from({ length: rows.length / D }, (_, i) => {
                if (!coding.contains(rows.subarray(i * D, (i + 1) * D))) return Number.NEGATIVE_INFINITY;
                const state = symbols.subarray(i * D, (i + 1) * D).reduce((sum, x) => sum * (K + 1) + x, 0);
                return Math.log(p[state]) - coding.logCell;
              });
            },
          },
        }),
      dispose: compiled.dispose,
    };
  },
});

export const d3pmUniform = kind("uniform");
export const d3pmAbsorbing = kind("absorbing");

const disposed = (array: np.Array): undefined => {
  array.dispose();
  return undefined;
};
