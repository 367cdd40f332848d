/** `equimol evaluate --model M --nll --data D`: the likelihood of a data set under a model. */
import type { Molecule } from "../../chem/molecule.ts";
import type { Dataset } from "../../data/store.ts";
import type { EngineOptions } from "../../engines/open-engine.ts";
import { InputError } from "../../errors.ts";
import type { Output } from "../output.ts";

export interface LikelihoodArguments extends EngineOptions {
  readonly model: string;
  readonly data: string;
  /** Part of the data set; the held-out one when absent: test, else valid, else train. */
  readonly split: string | undefined;
  readonly limit: number | undefined;
  readonly seed: number;
  /** Steps of the diffusion for each molecule. */
  readonly draws: number | undefined;
  /** Also by the probability-flow ODE. */
  readonly flow: boolean;
}

/** Prints −log p(x, h, N) in nats per molecule with its terms. */
export async function evaluateLikelihood(
  { model: name, data, split, limit, seed, draws, flow: withFlow, ...engineOptions }: LikelihoodArguments,
  output: Output,
): Promise<void> {
  const { openEngine } = await import("../../engines/open-engine.ts");
  const { dynamicsConfig } = await import("../../models/edm/config.ts");
  const { checkElements } = await import("../../models/edm/features.ts");
  const { LIKELIHOOD_TERMS, negativeLogLikelihood } = await import("../../models/edm/likelihood.ts");
  const { findModel, loadEdm } = await import("../../models/edm/folder.ts");
  const { loadDataset } = await import("../../data/store.ts");
  const model = await loadEdm(findModel(name));
  const { part, molecules } = await moleculesOfSplit(await loadDataset(data), split, limit);
  checkElements(model.config, molecules, data);
  const engine = await openEngine({ denoiser: dynamicsConfig(model.config) }, engineOptions);
  const bar = output.progress("likelihood", molecules.length);
  const byFlow = async () => {
    const { flowNegativeLogLikelihood } = await import("../../models/edm/flow-likelihood.ts");
    const progress = output.progress("probability-flow ODE", 100);
    return flowNegativeLogLikelihood(model, engine, molecules, {
      seed,
      onProgress: (share) => progress.update(Math.floor(100 * share)),
    }).finally(progress.done);
  };
  try {
    const nll = await negativeLogLikelihood(model, engine, molecules, {
      seed,
      ...(draws !== undefined && { draws }),
      onProgress: (done) => bar.update(done),
    });
    bar.done();
    const flow = withFlow ? await byFlow() : undefined;
    output.result({
      nll,
      ...(flow && { flow }),
      molecules: molecules.length,
      split: part,
      seed,
      engine: engine.name,
    });
    const { terms, termSems } = nll;
    const figure = (value: number, sem: number): string => `${value.toFixed(2)} ± ${sem.toFixed(2)}`;
    output.print(
      [
        `Negative log-likelihood of ${molecules.length.toLocaleString("en")} molecules (${data}, ${part}) under ${name}, nats per molecule`,
        `  −log p(x, h, N)   ${figure(nll.mean, nll.sem)}`,
        ...LIKELIHOOD_TERMS.map((term) => `    ${term.padEnd(16)}${figure(terms[term], termSems[term])}`),
        ...(flow ? [`  by the probability-flow ODE ${figure(flow.mean, flow.sem)}`] : []),
      ].join("\n"),
    );
  } finally {
    bar.done();
    engine.dispose();
  }
}

async function moleculesOfSplit(
  dataset: Dataset,
  split: string | undefined,
  limit: number | undefined,
): Promise<{ part: string; molecules: Molecule[] }> {
  const { moleculeAt, setSize } = await import("../../data/molecule-set.ts");
  const { SPLITS } = await import("../../data/dataset-info.ts");
  const part =
    split === undefined
      ? [...SPLITS].reverse().find((name) => dataset[name] !== undefined)
      : SPLITS.find((name) => name === split);
  const set = part === undefined ? undefined : dataset[part];
  if (part === undefined || set === undefined) {
    throw new InputError(
      `--split ${split}: the data set has ${SPLITS.filter((name) => dataset[name] !== undefined).join(", ")}`,
    );
  }
  const count = Math.min(limit ?? Number.POSITIVE_INFINITY, setSize(set));
  return { part, molecules: Array.from({ length: count }, (_, i) => moleculeAt(set, i)) };
}
