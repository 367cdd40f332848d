/**
 * All samplers by name, with what help, documentation, validation and defaults need to know of each. A sampler is one
 * pure function; this table is the only place that lists them.
 */
import type { ReverseVariance } from "../process.ts";
import type { NoiseSchedule } from "../schedule.ts";
import type { Denoiser, Space } from "../space.ts";
import { ancestral } from "./ancestral.ts";
import { churn } from "./churn.ts";
import { ddim } from "./ddim.ts";
import { dpmSolver, sdeDpmSolver } from "./dpm-solver.ts";
import type { SamplingOptions } from "./grid.ts";
import { karras } from "./karras.ts";
import { GRIDS, type Grid, levelRange } from "./noise-levels.ts";
import { renoise } from "./renoise.ts";

/** What may be said of a sampler besides its name and its steps. */
export interface SamplerOptions {
  /** η of DDIM. */
  readonly eta?: number;
  /** Order of the solver. */
  readonly order?: number;
  /** γ: noise is added up to (1 + γ) σ before a step. */
  readonly churn?: number;
  /** Levels σ = σ_t/α_t at which it is. */
  readonly churnFrom?: number;
  readonly churnTo?: number;
  /** S_noise. */
  readonly noiseFactor?: number;
  /** Level to start from. */
  readonly sigmaMax?: number;
  /** Deviation of a data coordinate at the start. */
  readonly spread?: number;
  readonly grid?: Grid;
}
export type SamplerOptionName = keyof SamplerOptions;

type OptionSpec =
  | {
      readonly kind: "number" | "integer";
      readonly min: number;
      readonly max: number;
      readonly symbol: string;
      readonly meaning: string;
    }
  | { readonly kind: "choice"; readonly values: readonly Grid[]; readonly meaning: string };

export const SAMPLER_OPTIONS: Readonly<Record<SamplerOptionName, OptionSpec>> = {
  eta: { kind: "number", min: 0, max: 1, symbol: "η", meaning: "noise of the steps, 0 to 1 (0)" },
  churn: {
    kind: "number",
    min: 0,
    max: 100,
    symbol: "γ",
    meaning: "noise is added up to (1 + γ) σ before a step from level σ = σ_t/α_t (churn: 0.5, karras: 0)",
  },
  churnFrom: { kind: "number", min: 0, max: 1e6, symbol: "σ", meaning: "lowest level with churn (all)" },
  churnTo: { kind: "number", min: 0, max: 1e6, symbol: "σ", meaning: "highest level with churn (all)" },
  noiseFactor: { kind: "number", min: 0, max: 2, symbol: "S", meaning: "multiplies the fresh noise (1)" },
  sigmaMax: { kind: "number", min: 1e-4, max: 1e6, symbol: "σ", meaning: "level to start from (10)" },
  spread: {
    kind: "number",
    min: 0,
    max: 1e6,
    symbol: "s",
    meaning: "deviation of a coordinate of the data, added to the noise at the start (0)",
  },
  grid: { kind: "choice", values: GRIDS, meaning: "spacing of the levels (normal)" },
  order: {
    kind: "integer",
    min: 1,
    max: 2,
    symbol: "1|2",
    meaning:
      "order of the solver; karras: 2 is Heun's method, of two evaluations a step (1), churn: 2 looks back (2)",
  },
};

/** What is known of a sampler, and the sampler. */
export interface SamplerEntry {
  /** For help and tables. */
  readonly summary: string;
  readonly source: string;
  /** Order of convergence to what is sampled, without the error of the network. */
  readonly order: (options: SamplerOptions) => number;
  /** Whether its steps add noise, with these options. */
  readonly stochastic: (options: SamplerOptions) => boolean;
  readonly options: readonly SamplerOptionName[];
  /** Evaluations of the network in K steps. */
  readonly evaluations: (steps: number, options: SamplerOptions) => number;
  /** Its result is x̂ itself and not z_0 with the noise of t = 0: nothing is left to be decoded. */
  readonly endsInData?: boolean;
  /** Whether its steps are among the T of the schedule, so that there are no more than these. */
  readonly onTable: boolean;
  /** From noise to data. [B, …] */
  readonly run: (
    denoiser: Denoiser,
    schedule: NoiseSchedule,
    space: Space,
    options: SamplingOptions & SamplerOptions & { readonly variance?: ReverseVariance },
  ) => Promise<Float64Array>;
}

const oneEach = (steps: number): number => steps;
const levelOptions = ["churn", "churnFrom", "churnTo", "sigmaMax", "spread", "grid"] as const;

/** The table, with the names of its samplers in its type. */
const named = <Name extends string>(table: Readonly<Record<Name, SamplerEntry>>) => table;

/** Every sampler by its name. */
export const SAMPLERS = named({
  ancestral: {
    summary: "the paper's: noise of the posterior at every step",
    source: "Hoogeboom et al. 2022, algorithm 2; Ho et al. 2020, algorithm 2",
    order: () => 1,
    stochastic: () => true,
    options: [],
    evaluations: oneEach,
    onTable: true,
    run: ancestral,
  },
  ddim: {
    summary: "probability-flow ODE, first order; noise η",
    source: "Song, Meng, Ermon 2021, eq. 12",
    order: () => 1,
    stochastic: ({ eta = 0 }) => eta > 0,
    options: ["eta"],
    evaluations: oneEach,
    onTable: true,
    run: ddim,
  },
  "dpm-solver": {
    summary: "probability-flow ODE, second-order multistep",
    source: "Lu et al. 2022, algorithm 2 (DPM-Solver++ 2M)",
    order: () => 2,
    stochastic: () => false,
    options: [],
    evaluations: oneEach,
    onTable: true,
    run: dpmSolver,
  },
  "sde-dpm-solver": {
    summary: "reverse SDE, second-order multistep",
    source: "Lu et al. 2022, appendix D.4, eq. 19",
    order: () => 2,
    stochastic: () => true,
    options: [],
    evaluations: oneEach,
    onTable: true,
    run: sdeDpmSolver,
  },
  karras: {
    summary: "churn and the probability-flow ODE, first or second order; biased where there is much churn",
    source: "Karras et al. 2022, algorithm 2",
    order: ({ order = 1 }) => order,
    stochastic: ({ churn: gamma = 0 }) => gamma > 0,
    options: [...levelOptions, "noiseFactor", "order"],
    evaluations: (steps, { order = 1 }) => order * steps,
    onTable: false,
    run: (denoiser, schedule, space, { order, ...options }) =>
      karras(denoiser, schedule, space, { ...options, order: order === 2 ? 2 : 1 }),
  },
  churn: {
    summary: "churn that keeps the data's variance: the noise is turned, not only replaced",
    source: "docs/sampling.md; after Karras et al. 2022, algorithm 2, and Leimkuhler & Matthews 2013",
    order: ({ order = 2 }) => order,
    stochastic: ({ churn: gamma = 1 }) => gamma > 0,
    options: [...levelOptions, "order"],
    evaluations: oneEach,
    onTable: false,
    run: (denoiser, schedule, space, { order, ...options }) =>
      churn(denoiser, schedule, space, { ...options, order: order === 1 ? 1 : 2 }),
  },
  renoise: {
    summary: "x̂, noised to the next level, in few steps: for models that were distilled to it",
    source: "Song et al. 2023 (consistency models), algorithm 1",
    order: () => 1,
    stochastic: () => true,
    options: ["sigmaMax", "spread", "grid"],
    evaluations: oneEach,
    endsInData: true,
    onTable: false,
    run: renoise,
  },
});

/** Name of a sampler, as `--sampler` takes it. */
export type SamplerName = keyof typeof SAMPLERS;
/** In the order of help and documentation. */
export const SAMPLER_NAMES = Object.keys(SAMPLERS) as [SamplerName, ...SamplerName[]];

/** A sampler with its steps and options. */
export interface SamplerChoice extends SamplerOptions {
  readonly sampler: SamplerName;
  readonly steps: number;
}

/** The options that a choice gives, by name. */
export const optionsOf = (choice: SamplerOptions): SamplerOptionName[] =>
  (Object.keys(SAMPLER_OPTIONS) as SamplerOptionName[]).filter((name) => choice[name] !== undefined);

/**
 * What is wrong with a choice, in one line with what is permitted; undefined where nothing is.
 * @param named how an option is written where it was given
 */
export function choiceProblem(
  choice: SamplerChoice,
  schedule: NoiseSchedule,
  named: (option: SamplerOptionName | "steps") => string = (option) => option,
): string | undefined {
  const entry = SAMPLERS[choice.sampler];
  const strange = optionsOf(choice).find((name) => !entry.options.includes(name));
  if (strange !== undefined) {
    const having = SAMPLER_NAMES.filter((name) => SAMPLERS[name].options.includes(strange));
    return `${named(strange)} is an option of ${having.join(" and ")}, not of ${choice.sampler}${entry.options.length === 0 ? ", which has none" : ""}`;
  }
  const most = entry.onTable ? schedule.steps : 100_000;
  if (!Number.isInteger(choice.steps) || choice.steps < 1 || choice.steps > most)
    return `${named("steps")} must be an integer from 1 to ${most}${entry.onTable ? ", the steps of the model's schedule" : ""}; got ${choice.steps}`;
  for (const name of optionsOf(choice)) {
    const spec = SAMPLER_OPTIONS[name];
    const value = choice[name];
    if (spec.kind === "choice") {
      if (!spec.values.some((each) => each === value))
        return `${named(name)} must be one of ${spec.values.join(", ")}; got ${value}`;
    } else if (
      typeof value !== "number" ||
      !(value >= spec.min && value <= spec.max) ||
      (spec.kind === "integer" && !Number.isInteger(value))
    ) {
      return `${named(name)} must be from ${spec.min} to ${spec.max}; got ${value}`;
    }
  }
  const [lowest, highest] = levelRange(schedule);
  if (choice.sigmaMax !== undefined && !(choice.sigmaMax > lowest && choice.sigmaMax <= highest))
    return `${named("sigmaMax")} must lie above ${lowest.toPrecision(3)} and be at most ${highest.toPrecision(3)}, the ends of the model's schedule; got ${choice.sigmaMax}`;
  const { churnFrom = 0, churnTo = Number.POSITIVE_INFINITY } = choice;
  if (churnFrom > churnTo)
    return `${named("churnFrom")} must not lie above ${named("churnTo")}; got ${churnFrom} and ${churnTo}`;
  return undefined;
}
