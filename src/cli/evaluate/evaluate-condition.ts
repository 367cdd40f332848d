/**
 * `equimol evaluate --model M --condition alpha`: how well a conditional model's molecules have the property that
 * they were asked for, by a property network, beside the yardsticks; with a range, the response to a sweep.
 */
import { halfOf, labelled } from "../../data/halves.ts";
import { atomsOf, type MoleculeSet, moleculeAt } from "../../data/molecule-set.ts";
import { loadDataset } from "../../data/store.ts";
import { type EngineOptions, openEngine } from "../../engines/open-engine.ts";
import { InputError, WorkError } from "../../errors.ts";
import {
  generatedError,
  type Labelled,
  type PropertyError,
  type SweepEvaluation,
  sweepResponse,
  yardsticks,
} from "../../evaluate/condition.ts";
import { type ConditionedProperty, conditionedProperty, withUnit } from "../../models/edm/condition.ts";
import { dynamicsConfig } from "../../models/edm/config.ts";
import { findModel, loadEdm } from "../../models/edm/folder.ts";
import { type GenerateOptions, generate } from "../../models/edm/generate.ts";
import { bondRuleOf, type EdmModel } from "../../models/edm/model.ts";
import { resolveSampling } from "../../models/edm/sampling.ts";
import { type ConditionWords, conditioned, conditionRequest } from "../options/condition-options.ts";
import { optionWord, type SamplingWords, samplingRequest } from "../options/sampling-options.ts";
import type { Output } from "../output.ts";
import { judgeOf } from "./judge.ts";

export interface ConditionArguments extends EngineOptions, ConditionWords, SamplingWords {
  readonly model: string;
  /** The property, or property=from..to. */
  readonly condition: string;
  /** Property network; the shipped one of the property when absent. */
  readonly judge: string | undefined;
  /** Data set that the generator was trained on; the one of that name when absent. */
  readonly data: string | undefined;
  /** Molecules to generate, or sweeps. */
  readonly limit: number | undefined;
  readonly seed: number;
}

const MOLECULES = 1000;
/** Å from the centre: no molecule of any model is so large, one that flew apart is. */
const APART = 1000;
const SWEEPS = 64;

export async function evaluateCondition(args: ConditionArguments, output: Output): Promise<void> {
  const isSweep = args.condition.includes("=");
  const request = conditionRequest(isSweep ? [args.condition] : [], args);
  if (isSweep && request.range === undefined)
    throw new InputError(
      `--condition ${args.condition}: expected a property, whose values are drawn from the training data, or a range such as alpha=60..100`,
    );
  const model = await loadEdm(findModel(args.model));
  const property = conditionedProperty(model.config, request.range?.property ?? args.condition);
  const sampling = resolveSampling(model, samplingRequest(args), optionWord);
  const count = args.limit ?? (isSweep ? SWEEPS : MOLECULES);
  const asked = conditioned(request, model.config, { count, first: 0, seed: args.seed }, output.warn);
  const judge = await judgeOf(args.judge, property.name, args);
  try {
    if (judge.half !== undefined && judge.half === halfOfGenerator(model))
      output.warn(
        `the judge ${judge.name} was trained on the generator's labels (half: ${judge.half}); a judge of its own has the other half`,
      );
    const real = isSweep ? undefined : await realMolecules(model, property, args.data);
    const all = await sampled(model, property, { ...asked, ...sampling }, args, output);
    const values = await judge.predict(all.map(({ molecule }) => molecule));
    const generated = all.filter((_, i) => conceivable(property, values[i]));
    const lost = asked.count - generated.length;
    if (generated.length === 0)
      throw new WorkError("every molecule flew apart or collapsed: the model is not trained, or broken");
    const facts = {
      model: args.model,
      property: property.name,
      ...(property.unit === undefined ? {} : { unit: property.unit }),
      judge: judge.name,
      guidance: request.guidance,
      ...sampling,
      seed: args.seed,
      lost,
    };
    if (lost > 0)
      output.warn(
        `${lost} of ${asked.count} molecules flew apart or collapsed, so that the judge has no value for them, and do not count; a smaller --guidance or more --steps may help`,
      );
    if (real === undefined) {
      const response = await sweepResponse(judge.predict, generated);
      output.result({ ...facts, sweep: response });
      output.print(sweepTable(property, judge.name, response));
      return;
    }
    const measured = await yardsticks(judge.predict, real.own, real.others);
    const error = await generatedError(judge.predict, generated, bondRuleOf(model.config));
    output.result({ ...facts, yardsticks: measured, generated: error });
    const rows: [string, PropertyError][] = [
      ["labels shuffled", measured.shuffled],
      ["#atoms only", measured.sizeOnly],
      ["generated", error.all],
      ["  in one piece", error.connected],
      ["  stable", error.stable],
      ["real molecules", measured.real],
    ];
    output.print(
      [
        `Mean absolute error of ${withUnit(property)} by ${judge.name}, guidance ${request.guidance}`,
        ...rows.map(([name, each]) => `  ${name.padEnd(18)}${errorText(each)}`),
        `  rank correlation of what was asked for and what came: ${error.rankCorrelation.toFixed(3)}; bias ${error.bias.toFixed(3)}`,
      ].join("\n"),
    );
  } finally {
    judge.dispose();
  }
}

/** A judge has no value for atoms on top of each other: what it says then is far from all molecules. */
const conceivable = ({ min, max }: ConditionedProperty, value: number): boolean =>
  Math.abs(value - (min + max) / 2) < 5 * (max - min);

const halfOfGenerator = ({ config }: EdmModel): string | undefined =>
  (config.provenance.condition as { readonly half?: string } | undefined)?.half;

/** The labelled molecules of the generator's half, and sizes and labels of the other. */
async function realMolecules(
  model: EdmModel,
  { name }: ConditionedProperty,
  data: string | undefined,
): Promise<{
  readonly own: readonly Labelled[];
  readonly others: readonly { readonly size: number; readonly value: number }[];
}> {
  const known = model.config.provenance.data as { readonly name?: string } | undefined;
  const source = data ?? known?.name;
  if (source === undefined)
    throw new InputError("the model does not say what it was trained on; name the data set with --data");
  const { train } = await loadDataset(source);
  const all = labelled(train, name);
  const half = halfOfGenerator(model) === "first" ? "first" : "second";
  const own = halfOf(all, half);
  const others = halfOf(all, half === "first" ? "second" : "first");
  if (others.length === 0 || own.length === 0)
    throw new InputError(`"${source}" has ${all.length} molecules with ${name}; the yardsticks need more`);
  const value = (set: MoleculeSet, i: number): number => set.properties[name][i];
  return {
    own: Array.from(own, (i) => ({ molecule: moleculeAt(train, i), value: value(train, i) })),
    others: Array.from(others, (i) => ({ size: atomsOf(train, i), value: value(train, i) })),
  };
}

/** New molecules with what they were asked to be, without those that flew apart: a property of these means nothing. */
async function sampled(
  model: EdmModel,
  { name }: ConditionedProperty,
  options: GenerateOptions,
  engineOptions: EngineOptions,
  output: Output,
): Promise<Labelled[]> {
  const engine = await openEngine({ denoiser: dynamicsConfig(model.config) }, engineOptions);
  const bar = output.progress("sampling", options.count);
  const onProgress = (share: number): void => bar.update(Math.floor(share * options.count));
  try {
    const all: Labelled[] = [];
    for await (const batch of generate(model, engine, { ...options, onProgress }))
      for (const { molecule, condition } of batch)
        if (molecule.positions.every((x) => Math.abs(x) < APART))
          all.push({ molecule, value: condition?.[name] ?? Number.NaN });
    return all;
  } finally {
    bar.done();
    engine.dispose();
  }
}

const errorText = ({ mae, sem, molecules }: PropertyError): string =>
  mae === null || sem === null
    ? "–"
    : `${mae.toPrecision(4).padStart(9)} ± ${sem.toPrecision(2).padEnd(8)} ${molecules.toLocaleString("en").padStart(7)} molecules`;

function sweepTable(property: ConditionedProperty, judge: string, response: SweepEvaluation): string {
  const lines = response.frames.map(
    ({ asked, mean, sem, molecules }) =>
      `  ${asked.toPrecision(4).padStart(9)}  ${mean.toPrecision(4).padStart(9)} ± ${sem.toPrecision(2).padEnd(8)} ${molecules.toLocaleString("en").padStart(7)} molecules`,
  );
  return [
    `What was asked for and what came, ${withUnit(property)} by ${judge}`,
    ...lines,
    `  the means rise from frame to frame: ${response.monotone ? "yes" : "no"}; rank correlation of the means ${response.rankCorrelationOfMeans.toFixed(3)}, of all molecules ${response.rankCorrelation.toFixed(3)}`,
  ].join("\n");
}
