/** `equimol evaluate --nll` as a function: the likelihood of a data set under a model. */
import type { Molecule } from "../../chem/molecule.ts";
import { SPLITS, type Split } from "../../data/dataset-info.ts";
import { moleculeAt, setSize } from "../../data/molecule-set.ts";
import { type Dataset, loadDataset } from "../../data/store.ts";
import { type EngineOptions, openEngine } from "../../engines/open-engine.ts";
import { InputError } from "../../errors.ts";
import { dynamicsConfig } from "../../models/edm/config.ts";
import { checkElements } from "../../models/edm/features.ts";
import { flowNegativeLogLikelihood } from "../../models/edm/flow-likelihood.ts";
import { findModel, loadEdm } from "../../models/edm/folder.ts";
import { type Likelihood, negativeLogLikelihood } from "../../models/edm/likelihood.ts";
import { reporterOf, type WorkflowOptions } from "../workflow.ts";

/** Of which molecules, under which model, how exactly. */
export interface LikelihoodOptions extends WorkflowOptions {
  /** Model folder, run folder or shipped model. */
  readonly model: string;
  /** Data set or molecule file. */
  readonly data: string;
  /** Part of the data set; the held-out one when absent: test, else valid, else train. */
  readonly split?: string | undefined;
  /** Only the first so many molecules. */
  readonly limit?: number | undefined;
  readonly seed?: number | undefined;
  /** Steps of the diffusion computed for each molecule; 64 by default. */
  readonly draws?: number | undefined;
  /** Also by the probability-flow ODE, some 100 times the work. */
  readonly flow?: boolean | undefined;
  readonly engine?: EngineOptions | undefined;
}

/** Negative log-likelihoods in nats for each molecule. */
export interface LikelihoodReport {
  /** −log p(x, h, N) in nats per molecule, with its terms and their standard errors. */
  readonly nll: Likelihood;
  readonly flow?: Awaited<ReturnType<typeof flowNegativeLogLikelihood>>;
  readonly molecules: number;
  readonly split: Split;
  readonly seed: number;
  readonly engine: string;
}

/** @throws InputError for data that the model does not know, or a part that the data set lacks */
export async function likelihood(options: LikelihoodOptions): Promise<LikelihoodReport> {
  const { data, split, limit, seed = 0, draws, flow: withFlow = false } = options;
  const { notice, task, named, checkSignal, reading } = reporterOf(options);
  const model = await loadEdm(findModel(options.model));
  const { part, molecules } = moleculesOfSplit(await loadDataset(data, reading), split, limit, named);
  checkElements(model.config, molecules, data);
  const engine = await openEngine(
    { denoiser: dynamicsConfig(model.config) },
    { onNotice: notice, named, ...options.engine },
  );
  const watched =
    (report: (done: number) => void) =>
    (done: number): void => {
      checkSignal();
      report(done);
    };
  try {
    const nll = await negativeLogLikelihood(model, engine, molecules, {
      seed,
      ...(draws !== undefined && { draws }),
      onProgress: watched(task("likelihood", molecules.length)),
    });
    const byFlow = (): ReturnType<typeof flowNegativeLogLikelihood> => {
      const report = task("probability-flow ODE", 100);
      return flowNegativeLogLikelihood(model, engine, molecules, {
        seed,
        onProgress: watched((share) => report(Math.floor(100 * share))),
      });
    };
    const flow = withFlow ? await byFlow() : undefined;
    const facts = { molecules: molecules.length, split: part, seed, engine: engine.name };
    return { nll, ...(flow && { flow }), ...facts };
  } finally {
    engine.dispose();
  }
}

function moleculesOfSplit(
  dataset: Dataset,
  split: string | undefined,
  limit = Number.POSITIVE_INFINITY,
  named: (option: string) => string,
): { readonly part: Split; readonly molecules: Molecule[] } {
  const held = SPLITS.filter((name) => dataset[name] !== undefined);
  const part = split === undefined ? held.at(-1) : held.find((name) => name === split);
  const set = part && dataset[part];
  if (part === undefined || set === undefined)
    throw new InputError(`${named("split")} ${split}: the data set has ${held.join(", ")}`);
  const count = Math.min(limit, setSize(set));
  return { part, molecules: Array.from({ length: count }, (_, i) => moleculeAt(set, i)) };
}
