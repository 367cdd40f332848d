/** What is measured: networks, batches, and the arithmetic that a step cannot do without. */

import { stream } from "../dist/math/random.js";
import { sizeDistribution } from "../dist/models/edm/sizes.js";

/** EDM's network on QM9: 5 elements, charge and time enter, all but the time leave. */
export const networkConfig = (hidden, layers) => ({
  ...{
    network: "egnn",
    inFeatures: 7,
    outFeatures: 6,
    hidden,
    layers,
    sublayers: 1,
    attention: true,
    tanh: true,
  },
  ...{
    coordsRange: 15,
    normConstant: 1,
    aggregation: "sum",
    normalizationFactor: 1,
    sinEmbedding: false,
    selfConditioning: false,
  },
});

/** "128x6" → { hidden: 128, layers: 6 } */
export function parseNetwork(text) {
  const [hidden, layers] = text.split("x").map(Number);
  if (!(hidden >= 1 && layers >= 1)) throw new Error(`--networks: expected HIDDENxLAYERS, got "${text}"`);
  return { hidden, layers };
}

/** Numbers of atoms drawn from p(N) of a model. */
export function drawSizes(histogram, count, seed) {
  const random = stream({ seed, purpose: "test", index: 4 });
  const distribution = sizeDistribution(histogram);
  return Array.from({ length: count }, () => distribution.draw(random));
}

/**
 * Multiply-adds of one forward pass, counted as two operations: second edge layers on ordered pairs of different atoms,
 * first edge layers and node networks on atoms. A gradient needs twice as much again.
 */
export function forwardFlop({ hidden, layers }, sizes) {
  const rows = sizes.reduce((sum, n) => sum + 2 * n * (n - 1) + 7 * n, 0);
  return 2 * hidden ** 2 * layers * rows;
}

export const FLOP = {
  train: (network, sizes) => 3 * forwardFlop(network, sizes),
  denoise: forwardFlop,
};

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
