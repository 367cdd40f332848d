/** What `equimol evaluate --nll` prints. */
import { LIKELIHOOD_TERMS } from "../../models/edm/likelihood.ts";
import type { LikelihoodReport } from "../../workflows/node/likelihood.ts";

/** The estimate with its terms, in nats per molecule. */
export function likelihoodText(
  model: string,
  data: string,
  { nll, flow, molecules, split }: LikelihoodReport,
): string {
  const { terms, termSems } = nll;
  const figure = (value: number, sem: number): string => `${value.toFixed(2)} ± ${sem.toFixed(2)}`;
  return [
    `Negative log-likelihood of ${molecules.toLocaleString("en")} molecules (${data}, ${split}) under ${model}, nats per molecule`,
    `  −log p(x, h, N)   ${figure(nll.mean, nll.sem)}`,
    ...LIKELIHOOD_TERMS.map((term) => `    ${term.padEnd(16)}${figure(terms[term], termSems[term])}`),
    ...(flow ? [`  by the probability-flow ODE ${figure(flow.mean, flow.sem)}`] : []),
  ].join("\n");
}
