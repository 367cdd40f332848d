/** New molecules from a trained model, as good as the model is known to make them. Runs in Node and in a page. */
import type { DenoiserEngine } from "../engines/engine.ts";
import { type EngineOptions, openEngine } from "../engines/open-engine.ts";
import { InputError, WorkError } from "../errors.ts";
import { dynamicsConfig, type EdmConfig } from "../models/edm/config.ts";
import { type Generated, type GenerateOptions, generate } from "../models/edm/generate.ts";
import type { EdmModel } from "../models/edm/model.ts";
import { resolveSampling, type Sampling, type SamplingRequest } from "../models/edm/sampling.ts";
import { type ConditionOptions, conditioned, farValues, sweptRange } from "./condition.ts";
import { engineFor, type Reporter, reporterOf, type WorkflowOptions } from "./workflow.ts";

/** What is left out of the sampling is as the model recommends. */
export interface SampleOptions
  extends SamplingRequest,
    ConditionOptions,
    WorkflowOptions,
    Pick<GenerateOptions, "sizes" | "batchSize" | "chainOf" | "chainFrames"> {
  readonly model: EdmModel;
  /** Molecules, 100 by default; sweeps, 1 by default, where a range is asked for. */
  readonly count?: number | undefined;
  /** Index of the first molecule: shards of one seed join without a seam. */
  readonly first?: number | undefined;
  readonly seed?: number | undefined;
  /** What computes: an engine that is open already and stays so, or how to open one. */
  readonly engine?: DenoiserEngine | EngineOptions | undefined;
}

/** How molecules were made. */
export interface SampleReport {
  /** Molecules made. */
  readonly count: number;
  readonly first: number;
  readonly seed: number;
  readonly sampling: Sampling;
  readonly engine: string;
  readonly seconds: number;
  /** Molecules that met network output that was not finite; it was taken as zero there. */
  readonly broken: number;
}

/**
 * Makes them one after the other, in order of their index; ends with the report. Options are checked when it is called.
 * @throws InputError for options that do not fit the model, WorkError when no output of the network was finite
 * @example for await (const { molecule } of sampling({ model, count: 10 })) console.log(molecule.atomicNumbers);
 */
export function sampling(options: SampleOptions): AsyncGenerator<Generated, SampleReport> {
  const reporter = reporterOf(options);
  const { model, seed = 0, first = 0, sizes } = options;
  const swept = sweptRange(options, reporter.named);
  const chosen = resolveSampling(model, options, reporter.named);
  const asked = conditioned(
    options,
    model.config,
    { count: options.count ?? (swept ? 1 : 100), first, seed, sizes },
    reporter,
  );
  if (sizes !== undefined) warnOfSizes(sizes, model.config.sizes, reporter);
  return made(options, chosen, { ...asked, first: asked.first ?? 0 }, reporter);
}

/** The engine that the options name, or a new one as they describe it. */
export const samplingEngine = (
  { model, engine }: Pick<SampleOptions, "model" | "engine">,
  { notice, named }: Pick<Reporter, "notice" | "named">,
): ReturnType<typeof engineFor<DenoiserEngine, EngineOptions>> =>
  engineFor(engine, (how?: EngineOptions) =>
    openEngine({ denoiser: dynamicsConfig(model.config) }, { onNotice: notice, named, ...how }),
  );

async function* made(
  options: SampleOptions,
  chosen: Sampling,
  asked: ReturnType<typeof conditioned> & { readonly first: number },
  reporter: Reporter,
): AsyncGenerator<Generated, SampleReport> {
  const { model, batchSize, chainOf, chainFrames, signal } = options;
  const began = performance.now();
  const { engine, close } = await samplingEngine(options, reporter);
  const { count, first, seed } = asked;
  const progress = reporter.task("sampling", count * chosen.steps);
  let broken = 0;
  try {
    const batches = generate(model, engine, {
      ...chosen,
      ...asked,
      batchSize,
      chainOf,
      chainFrames,
      signal,
      onProgress: (share) =>
        progress(
          Math.round(share * count * chosen.steps),
          `${Math.floor(share * count)} of ${count} molecules`,
        ),
    });
    for await (const batch of batches)
      for (const generated of batch) {
        if (generated.brokenSteps > 0) broken++;
        yield generated;
      }
  } finally {
    close();
  }
  if (broken === count) throw nothingWhole("the network's output was never finite", options, reporter);
  if (broken > 0) {
    const [cause] = strangeSettings(options, reporter.named);
    reporter.warning(
      `${broken} of ${count} molecules met output that was not finite; it was taken as zero there${cause === undefined ? "" : `. What the model was not made for: ${cause}`}`,
    );
  }
  const seconds = (performance.now() - began) / 1000;
  return { count, first, seed, sampling: chosen, engine: engine.name, seconds, broken };
}

/**
 * As `sampling`, all at once.
 * @example const { molecules } = await sample({ model: await loadEdm(findModel("qm9")), count: 10 });
 */
export async function sample(
  options: SampleOptions,
): Promise<SampleReport & { readonly molecules: readonly Generated[] }> {
  const molecules: Generated[] = [];
  const made = sampling(options);
  for (;;) {
    const next = await made.next();
    if (next.done) return { ...next.value, molecules };
    molecules.push(next.value);
  }
}

/** The sizes asked for that no training molecule is near, and the range of those it was trained on. */
function farSizes(sizes: readonly number[], histogram: EdmConfig["sizes"]) {
  const known = Object.keys(histogram).map(Number);
  const [least, most] = [Math.min(...known), Math.max(...known)];
  return { least, most, strange: [...new Set(sizes)].filter((size) => size < least || size > most) };
}

/** Says which sizes were asked for that the model was not trained on. */
function warnOfSizes(
  sizes: readonly number[],
  histogram: EdmConfig["sizes"],
  { warning, named }: Reporter,
): void {
  const { least, most, strange } = farSizes(sizes, histogram);
  if (strange.length > 0)
    warning(
      `${named("sizes")} ${strange.join(",")}: the model was trained on molecules of ${least} to ${most} atoms; it has not learned what others look like`,
    );
}

/** Guidance beyond this pulls harder than molecules hold. */
const STRONG_GUIDANCE = 10;
/** Noise beyond this times that of the process carries molecules away. */
const HOT = 1.2;

/** What was asked for that the model was not made for, each with what it was made for: the likeliest cause first. */
function strangeSettings(options: SampleOptions, named: Reporter["named"]): string[] {
  const { config } = options.model;
  const { sizes = [], guidance = 0, temperature = 1 } = options;
  const { least, most, strange } = farSizes(sizes, config.sizes);
  return [
    ...(strange.length > 0
      ? [
          `${named("sizes")} ${strange.join(",")}, where the training molecules have ${least} to ${most} atoms`,
        ]
      : []),
    ...farValues(config, options).map(
      ({ property, value, known }) => `${named("condition")} ${property}=${value}, where ${known}`,
    ),
    ...(Math.abs(guidance) > STRONG_GUIDANCE
      ? [`${named("guidance")} ${guidance}, where up to about ${STRONG_GUIDANCE} keeps molecules whole`]
      : []),
    ...(temperature > HOT
      ? [`${named("temperature")} ${temperature}, where 1 is the noise that the model was trained with`]
      : []),
  ];
}

/** The error where no molecule came out: of the settings, where they are not what the model was made for. */
export function nothingWhole(
  what: string,
  options: SampleOptions,
  { named }: Pick<Reporter, "named">,
): InputError | WorkError {
  const causes = strangeSettings(options, named);
  return causes.length === 0
    ? new WorkError(`${what}: the model is not trained, or broken`)
    : new InputError(`${causes.join("; ")}: ${what}; ask for what the model knows`);
}
