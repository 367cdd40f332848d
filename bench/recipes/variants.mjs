/**
 * What is compared: settings of `equimol train edm` on top of a base that all share. Each variant changes one thing.
 * `recipes` looks for a better way to train; `paper` is the table of Hoogeboom et al. 2022 (section 5.1 and appendix),
 * at the size and the time of this machine.
 */
const network = { hidden: 64, layers: 6, coordsRange: 3, normalizationFactor: 4 };
const training = {
  batchSize: 64,
  optimizer: "muon",
  muon: { learningRate: 0.015 },
  learningRate: 6e-4,
  decay: "linear",
  warmupSteps: 100,
  emaDecay: 0.999,
};
const common = { network, timeSampling: "stratified", training };
const levels = (mean, deviation, even = 0.1) => ({ kind: "logNormal", mean, deviation, even });

export const SETS = {
  recipes: {
    base: { ...common, schedule: { kind: "logLinear" }, levels: levels(-1.6, 1.4) },
    variants: {
      base: {},
      "published: polynomial schedule, uniform t": {
        schedule: { kind: "polynomial" },
        levels: { kind: "uniform" },
      },
      "uniform in ln σ": { levels: { kind: "uniform" } },
      "levels −1.2": { levels: levels(-1.2, 1.4) },
      "levels −2.0": { levels: levels(-2, 1.4) },
      "levels narrower, 1.0": { levels: levels(-1.6, 1) },
      "levels wider, 1.8": { levels: levels(-1.6, 1.8) },
      "no even share": { levels: levels(-1.6, 1.4, 0) },
      "independent levels": { timeSampling: "independent" },
      "no charge channel": { features: { charges: false } },
      "types twice as loud": { features: { normalization: [1, 2, 10] } },
      "types half as loud": { features: { normalization: [1, 8, 20] } },
      "batch 32": { training: { batchSize: 32 } },
      "batch 128": { training: { batchSize: 128 } },
      "constant rate": { training: { decay: "none" } },
      "fall in the last third": { training: { decayShare: 0.33 } },
      "Muon 0.01": { training: { muon: { learningRate: 0.01 } } },
      "Muon 0.02": { training: { muon: { learningRate: 0.02 } } },
      AdamW: { training: { optimizer: "adamw", learningRate: 1e-3 } },
      "48 × 6": { network: { hidden: 48 } },
      "96 × 6": { network: { hidden: 96 } },
      "64 × 4": { network: { layers: 4 } },
      "self-conditioning": { network: { selfConditioning: true } },
    },
  },
  paper: {
    base: { ...common, schedule: { kind: "polynomial" }, levels: { kind: "uniform" } },
    variants: {
      EDM: {},
      "EDM, one-hot not scaled": { features: { normalization: [1, 1, 1] } },
      "GDM (no equivariance)": { network: { kind: "gnn" } },
      "GDM, training molecules turned": { network: { kind: "gnn" }, augmentation: "rotations" },
    },
  },
};
