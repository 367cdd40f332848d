/** The energy-conserving PaiNN of beads at one noise level, by compiled code. */
import { sigmoid } from "../../diffusion/schedule.ts";
import type { AtomwiseEngine, SpeciesBatch } from "../../engines/atomwise-engine.ts";
import type { BeadField } from "../../nets/beads/bead-field.ts";
import { levelFeatures, painnAtLevels, painnOf, springConstants } from "../../nets/beads/bead-painn.ts";
import { beadSprings } from "../../nets/beads/bead-springs.ts";
import { type BeadNetworkConfig, pairCount } from "../../nets/beads/beads-config.ts";
import { geometricLayout } from "../../nets/geometric.ts";
import { layoutSize } from "../../nets/layers/parameters.ts";
import { placeSites, spreadSites, withSites } from "../../nets/layers/virtual-sites.ts";

/** Beads and sites of B configurations side by side; configuration b has the types from `firstType(b)` on. */
export function siteBatch(
  beads: number,
  z: Float64Array,
  firstType: (configuration: number) => number,
): SpeciesBatch {
  const S = withSites(beads);
  const B = z.length / (3 * beads);
  const positions = new Float64Array(3 * S * B);
  for (let b = 0; b < B; b++) placeSites(z, 3 * beads * b, beads, positions, 3 * S * b);
  return {
    sizes: new Int32Array(B).fill(S),
    positions,
    species: Int32Array.from({ length: B * S }, (_, k) => firstType(Math.floor(k / S)) + (k % S)),
  };
}

/** @param engine of `painnOf(config, withSites(beads))`, computing at once */
export function beadPainnField(
  config: BeadNetworkConfig,
  parameters: Float32Array,
  gamma: number,
  engine: AtomwiseEngine,
): BeadField {
  const { beads: N } = config;
  const [S, P] = [withSites(N), pairCount(N)];
  const level = levelFeatures(gamma);
  const plain = new Float32Array(layoutSize(geometricLayout(painnOf(config, S))));
  painnAtLevels(config, parameters, [level], plain);
  const constants = springConstants(config, parameters, level);
  const springs = beadSprings(config);
  const [u, pulls] = [new Float64Array(P), new Float64Array(3 * N * P)];
  const sigma2 = sigmoid(gamma);
  let batch = siteBatch(N, new Float64Array(0), () => 0);
  let [outputs, slope] = [new Float32Array(0), new Float32Array(0)];
  return {
    evaluate: (z, gradient, energies) => {
      const B = z.length / (3 * N);
      if (batch.sizes.length !== B) {
        batch = siteBatch(N, z, () => 0);
        [outputs, slope] = [new Float32Array(B * S), new Float32Array(3 * B * S)];
      }
      for (let b = 0; b < B; b++) placeSites(z, 3 * N * b, N, batch.positions, 3 * S * b);
      engine.positionGradientNow?.(plain, batch, outputs, slope);
      for (let b = 0; b < B; b++) {
        const at = 3 * N * b;
        let squared = 0;
        const mean = [0, 0, 0];
        for (let k = at; k < at + 3 * N; k++) mean[(k - at) % 3] += z[k] / N;
        for (let k = at; k < at + 3 * N; k++) {
          const centred = z[k] - mean[(k - at) % 3];
          squared += centred * centred;
          gradient[k] = sigma2 * centred;
        }
        springs.measure(z, at, gamma, u, pulls);
        let energy = 0.5 * sigma2 * squared;
        for (let p = 0; p < P; p++) {
          energy += constants[p] * u[p] * u[p];
          for (let k = 0; k < 3 * N; k++) gradient[at + k] += constants[p] * pulls[3 * N * p + k];
        }
        spreadSites(z, at, N, slope, 3 * S * b, gradient);
        if (energies === undefined) continue;
        for (let i = S * b; i < S * (b + 1); i++) energy += outputs[i];
        energies[b] = energy;
      }
    },
  };
}
