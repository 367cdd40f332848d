/**
 * `equimol evaluate --model M --condition P` as a function: how well a conditional model's molecules have the
 * property that they were asked for, by a property network, beside the yardsticks; with a range, the response to a
 * sweep (Hoogeboom et al. 2022, section 5.2).
 */
import { halfOf, labelled } from "../../data/halves.ts";
import { atomsOf, type MoleculeSet, moleculeAt } from "../../data/molecule-set.ts";
import { loadDataset } from "../../data/store.ts";
import type { EngineOptions } from "../../engines/open-engine.ts";
import { InputError } from "../../errors.ts";
import {
  generatedError,
  type Labelled,
  type SweepEvaluation,
  sweepResponse,
  yardsticks,
} from "../../evaluate/condition.ts";
import type { Reading } from "../../formats/records.ts";
import { type ConditionedProperty, conditionedProperty } from "../../models/edm/condition.ts";
import { findModel, loadEdm } from "../../models/edm/folder.ts";
import { bondRuleOf, type EdmModel } from "../../models/edm/model.ts";
import { resolveSampling, type SamplingRequest } from "../../models/edm/sampling.ts";
import type { Range } from "../condition.ts";
import { nothingWhole, sampling } from "../sample.ts";
import { reporterOf, type WorkflowOptions } from "../workflow.ts";
import { judgeOf } from "./judge.ts";

export interface EvaluateConditionOptions extends SamplingRequest, WorkflowOptions {
  /** Conditional model: folder, run or shipped. */
  readonly model: string;
  /** The property that the model is judged by. */
  readonly property: string;
  /** Sweep the property from one end to the other; drawn from the training data when absent. */
  readonly range?: Range | undefined;
  readonly frames?: number | undefined;
  readonly fixedNoise?: boolean | undefined;
  readonly guidance?: number | undefined;
  /** Property network; the shipped one of the property when absent. */
  readonly judge?: string | undefined;
  /** Data set that the generator was trained on; the one of that name when absent. */
  readonly data?: string | undefined;
  /** Molecules to generate (1000), or sweeps (64). */
  readonly count?: number | undefined;
  readonly seed?: number | undefined;
  readonly engine?: EngineOptions | undefined;
}

const MOLECULES = 1000;
/** Å from the centre: no molecule of any model is so large, one that flew apart is. */
const APART = 1000;
const SWEEPS = 64;

interface Facts extends ReturnType<typeof resolveSampling> {
  readonly model: string;
  readonly property: string;
  readonly unit?: string;
  readonly judge: string;
  readonly guidance: number;
  readonly seed: number;
  /** Molecules that flew apart or collapsed, so that the judge has no value for them. */
  readonly lost: number;
}

/** How well molecules have what they were asked for, or how they answer to a sweep. */
export type ConditionReport = Facts &
  (
    | { readonly sweep: SweepEvaluation }
    | {
        readonly yardsticks: Awaited<ReturnType<typeof yardsticks>>;
        readonly generated: Awaited<ReturnType<typeof generatedError>>;
      }
  );

/** @throws InputError for a model, judge or data that do not fit; WorkError when no molecule can be judged */
export async function evaluateCondition(options: EvaluateConditionOptions): Promise<ConditionReport> {
  const { range, guidance = 0, seed = 0 } = options;
  const { notice, warning, task, named, reading } = reporterOf(options);
  const model = await loadEdm(findModel(options.model));
  const property = conditionedProperty(model.config, options.property);
  const chosen = resolveSampling(model, options, named);
  const judge = await judgeOf(options.judge, property.name, { onNotice: notice, named, ...options.engine });
  try {
    if (judge.half !== undefined && judge.half === halfOfGenerator(model))
      warning(
        `the judge ${judge.name} was trained on the generator's labels (half: ${judge.half}); a judge of its own has the other half`,
      );
    const real = range ? undefined : await realMolecules(model, property, options.data, named, reading);
    const whole: Labelled[] = [];
    let drawn = 0;
    const asked = range && { condition: { [property.name]: range } };
    const made = sampling({
      ...options,
      ...asked,
      model,
      count: options.count ?? (range ? SWEEPS : MOLECULES),
    });
    for await (const { molecule, condition } of made) {
      drawn++;
      if (molecule.positions.every((x) => Math.abs(x) < APART))
        whole.push({ molecule, value: condition?.[property.name] ?? Number.NaN });
    }
    task("judging");
    const values = await judge.predict(whole.map(({ molecule }) => molecule));
    const generated = whole.filter((_, i) => conceivable(property, values[i]));
    const lost = drawn - generated.length;
    if (generated.length === 0)
      throw nothingWhole(
        "every molecule flew apart or collapsed",
        { ...options, ...asked, model },
        { named },
      );
    if (lost > 0)
      warning(
        `${lost} of ${drawn} molecules flew apart or collapsed, so that the judge has no value for them, and do not count; a smaller ${named("guidance")} or more ${named("steps")} may help`,
      );
    const facts: Facts = {
      model: options.model,
      property: property.name,
      ...(property.unit === undefined ? {} : { unit: property.unit }),
      judge: judge.name,
      guidance,
      ...chosen,
      seed,
      lost,
    };
    if (real === undefined) return { ...facts, sweep: await sweepResponse(judge.predict, generated) };
    return {
      ...facts,
      yardsticks: await yardsticks(judge.predict, real.own, real.others),
      generated: await generatedError(judge.predict, generated, bondRuleOf(model.config)),
    };
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
  named: (option: string) => string,
  reading: Reading,
): Promise<{
  readonly own: readonly Labelled[];
  readonly others: readonly { readonly size: number; readonly value: number }[];
}> {
  const known = model.config.provenance.data as { readonly name?: string } | undefined;
  const source = data ?? known?.name;
  if (source === undefined)
    throw new InputError(
      `the model does not say what it was trained on; name the data set with ${named("data")}`,
    );
  const { train } = await loadDataset(source, reading);
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
