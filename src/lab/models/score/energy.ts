/**
 * An energy-based model: a network of one output, E(z, t) = g(z, t)/σ at every noise level, whose score is the gradient
 * of a scalar by construction, fitted by denoising (Saremi et al. 2018; Salimans & Ho 2021). In the plane its density
 * is normalised on a grid.
 */

import { InputError } from "../../../errors.ts";
import { type ResidualMlp, residualMlp, residualMlpSpecs } from "../../../nets/layers/residual-mlp.ts";
import type { ParameterTree } from "../../../nets/layers/tensors.ts";
import { jax, np } from "../../../platform/jax.ts";
import { shapeText } from "../../data/lab-data.ts";
import { denoiserPresets } from "../denoiser-network.ts";
import { type LabModelKind, rowLength } from "../lab-model.ts";
import { rowNetwork } from "../rows.ts";
import { type AnnealedSettings, annealedModel, annealedSchedule, annealedSettings } from "./annealed.ts";
import { columnDerivatives } from "./divergence.ts";

/** Largest D. */
const LARGEST = 16;

/** The grid that normalises: points along each side. */
const GRID = 200;

export const energy: LabModelKind<AnnealedSettings> = {
  name: "energy",
  title: "Energy-based model: the score as the gradient of a scalar",
  source: "Saremi, Mehrjou, Schölkopf, Hyvärinen 2018; Salimans, Ho 2021",
  settings: annealedSettings,
  presets: denoiserPresets,
  build: (settings, shape, facts) => {
    const D = rowLength(shape);
    if (shape.kind !== "points" || D > LARGEST)
      throw new InputError(
        `energy takes points of up to ${LARGEST} numbers, each of which costs a derivative; the data are ${shapeText(shape)}`,
      );
    const config = { ...settings, inputs: D, outputs: 1 };
    const layout = residualMlpSpecs("network", config);
    const g = (parameters: ParameterTree, z: np.Array, t: np.Array): np.Array =>
      residualMlp(config, (parameters as unknown as { readonly network: ResidualMlp }).network, z, t); // [B, 1]
    // docs: begin gradient
    /** ε̂ = σ ∇E(z) = ∇g(z). [B, D] */
    const apply = (parameters: ParameterTree, z: np.Array, t: np.Array): np.Array => {
      const derivatives = columnDerivatives((at) => g(jax.tree.ref(parameters), at, t.ref), z);
      jax.tree.dispose(parameters);
      t.dispose();
      return np.concatenate(derivatives, 1);
    };
    // docs: end gradient
    const model = annealedModel(settings, shape, { layout, apply });
    if (D !== 2 || facts === undefined || facts.lowest.length !== 2) return model;

    const energies = rowNetwork(layout, D, g);
    const schedule = annealedSchedule(settings);
    /** log of the density at the smallest noise level, up to a constant. */
    const unnormalised = async (parameters: Float32Array, rows: Float32Array): Promise<Float64Array> => {
      const bound = energies.with(parameters);
      const values = await bound.of(
        rows.map((x) => schedule.alpha(0) * x),
        0,
      );
      bound.release();
      return values.map((value) => -value / schedule.sigma(0));
    };
    const [low, high] = [0, 1].map((end) =>
      facts.lowest.map((x, d) => {
        const room = 0.25 * (facts.highest[d] - x);
        return end === 0 ? x - room : facts.highest[d] + room;
      }),
    );
    const sides = [0, 1].map((d) => (high[d] - low[d]) / GRID);
    const cells = Float32Array.from({ length: 2 * GRID * GRID }, (_, i) => {
      const place = i % 2 === 0 ? (i >> 1) % GRID : Math.floor((i >> 1) / GRID);
      return low[i % 2] + (place + 0.5) * sides[i % 2];
    });
    return {
      ...model,
      logLikelihood: {
        kind: "exact",
        of: async (parameters, rows) => {
          const over = await unnormalised(parameters, cells);
          const largest = over.reduce((a, b) => Math.max(a, b));
          const sum = over.reduce((total, value) => total + Math.exp(value - largest), 0);
          const logZ = largest + Math.log(sum * sides[0] * sides[1]);
          return (await unnormalised(parameters, rows)).map((value) => value - logZ);
        },
      },
      dispose: () => {
        model.dispose?.();
        energies.dispose();
      },
    };
  },
};
