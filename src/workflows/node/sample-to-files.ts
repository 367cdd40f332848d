/** `equimol sample` as a function: new molecules into a file, with the picture of a sweep and a chain of frames. */
import { createHash } from "node:crypto";
import { basename, resolve } from "node:path";
import { z } from "zod";
import { withBonds } from "../../chem/bond-orders.ts";
import type { Molecule } from "../../chem/molecule.ts";
import { InputError } from "../../errors.ts";
import { formatOfPath } from "../../formats/format.ts";
import { coordinatesFit, formatMolecules, writableFormat } from "../../formats/format-molecules.ts";
import { DEFAULT_MODEL, findModel, loadEdm } from "../../models/edm/folder.ts";
import { BATCH, type Generated } from "../../models/edm/generate.ts";
import { bondRuleOf, type EdmModel } from "../../models/edm/model.ts";
import { resolveSampling } from "../../models/edm/sampling.ts";
import { checkWritable, isSpecial } from "../../platform/node/atomic-write.ts";
import { type KeptOutput, openKept } from "../../platform/node/kept-output.ts";
import { checkMoleculeTarget, writeMolecules } from "../../platform/node/molecules.ts";
import { packageVersion } from "../../platform/node/version.ts";
import { writeSweepPicture } from "../../views/sweep-picture.ts";
import { askedFor, sweptRange, targetsOf } from "../condition.ts";
import { nothingWhole, type SampleOptions, type SampleReport, sampling, samplingEngine } from "../sample.ts";
import { reporterOf } from "../workflow.ts";

export interface SampleToFilesOptions extends Omit<SampleOptions, "model" | "chainOf"> {
  /** Model folder, run folder or shipped model; the shipped one of QM9 by default. */
  readonly model?: string | undefined;
  /** .sdf (with bonds), .xyz or .extxyz, each also .gz; of a sweep sweep-PROPERTY.sdf by default. */
  readonly out?: string | undefined;
  /** Picture of a sweep, .svg or .png; drawn anyway where `out` is left out. */
  readonly picture?: string | undefined;
  /** Also write the denoising of the first molecule, frame by frame. */
  readonly chain?: string | undefined;
}

/**
 * @returns what was made, as `equimol sample --json` prints it
 * @throws InputError for options that do not fit each other, the model or a file; WorkError when no molecule is whole
 */
export async function sampleToFiles(options: SampleToFilesOptions) {
  const { model: source = DEFAULT_MODEL, chain: chainFile, first = 0, seed = 0, ...rest } = options;
  const { notice, warning, named } = reporterOf(options);
  const began = performance.now();
  const swept = sweptRange(options, named);
  const { out, picture } = targets(options, swept?.property, named);
  const model = await loadEdm(findModel(source));
  for (const file of [out, chainFile]) if (file !== undefined) await checkMoleculeTarget(file);
  if (picture !== undefined) await checkWritable(picture);

  const { engine, close } = await samplingEngine({ model, engine: rest.engine }, { notice, named });
  const total = options.count ?? 100;
  const whole = swept === undefined && picture === undefined && chainFile === undefined;
  let kept: KeptOutput<z.infer<typeof progressSchema>> | undefined;
  const written = async () => {
    if (whole && !(await isSpecial(out))) {
      const what = { model, engine: engine.name, out, source };
      kept = await openKept(out, await identityOf(what, options, total), progressSchema);
    }
    const name = basename(resolve(source));
    const rule = bondRuleOf(model.config);
    const drawn: Generated[] = [];
    const chainOf = chainFile === undefined ? undefined : first;
    const progress = { ...(kept?.reached ?? { dealt: 0, lost: 0, broken: 0 }) };
    const before = progress.dealt;
    // Wrong options show before a file is begun.
    const made = sampling({
      ...{ ...rest, model, engine, seed, chainOf, first: first + before },
      count: kept ? total - before : rest.count,
    });
    if (before > 0)
      notice(
        `goes on with ${before.toLocaleString("en")} of ${total.toLocaleString("en")} molecules that an interrupted run left`,
      );
    else if (kept?.other) notice("an interrupted run with other options is there: it is given up");
    let report: SampleReport | undefined;
    const molecules = async function* (): AsyncGenerator<Molecule> {
      for (;;) {
        const next = await made.next();
        if (next.done) {
          report = next.value;
          break;
        }
        const { index, molecule, condition, chain } = next.value;
        if (picture !== undefined) drawn.push(next.value);
        progress.dealt++;
        if (next.value.brokenSteps > 0) progress.broken++;
        if (!coordinatesFit(out, molecule)) {
          progress.lost++;
          continue;
        }
        if (chain !== undefined && chainFile !== undefined) await writeMolecules(chainFile, chain);
        const titled = { ...molecule, name: `equimol ${name} seed ${seed} molecule ${index}` };
        const wanted = targetsOf(condition);
        yield formatOfPath(out) === "sdf"
          ? withBonds({ ...titled, properties: wanted }, rule)
          : { ...titled, properties: { seed, index, ...wanted } };
      }
      if (progress.lost === progress.dealt)
        throw nothingWhole("every molecule flew apart", { ...rest, model }, { named });
    };
    if (kept === undefined) await writeMolecules(out, molecules());
    else {
      const batch = rest.batchSize ?? BATCH;
      for await (const record of formatMolecules(molecules(), { file: out })) {
        kept.add(record);
        const { dealt } = progress;
        if ((dealt - before) % batch === 0 && dealt < total && (await kept.keep({ ...progress })))
          notice("what is made is kept while it grows: interrupted, the same command goes on from there");
      }
      await kept.finish();
    }
    if (report === undefined) throw new Error("the generator ended without its report");
    if (picture !== undefined && swept !== undefined)
      await writeSweepPicture(picture, drawn, swept, rule, name);
    const { dealt, lost, broken } = progress;
    if (lost > 0) warning(`${lost} of ${dealt} molecules flew apart and were left out`);
    return {
      model: source,
      out,
      ...(picture === undefined ? {} : { picture }),
      molecules: dealt - lost,
      seed,
      first,
      ...(before === 0 ? {} : { resumed: before }),
      ...report.sampling,
      ...(model.config.condition && { condition: askedFor(options), guidance: options.guidance ?? 0 }),
      engine: report.engine,
      seconds: (performance.now() - began) / 1000,
      broken,
      lost,
    };
  };
  return written().finally(() => {
    kept?.close();
    close();
  });
}

/** How far a file of many molecules is: those that were dealt with, and those of them that flew apart or met no finite output. */
const count = z.number().int().nonnegative();
const progressSchema = z.object({ dealt: count, lost: count, broken: count });

/** All that decides what is in the file. */
async function identityOf(
  { model, engine, out, source }: { model: EdmModel; engine: string; out: string; source: string },
  options: SampleToFilesOptions,
  total: number,
): Promise<string> {
  const { first = 0, seed = 0, sizes, condition, guidance } = options;
  const facts = {
    ...{ equimol: packageVersion(), format: writableFormat(out), name: basename(resolve(source)), engine },
    ...{ config: model.config, first, seed, sizes, condition, guidance, total },
    sampling: resolveSampling(model, options, options.named),
  };
  const { parameters } = model;
  return createHash("sha256")
    .update(JSON.stringify(facts))
    .update(new Uint8Array(parameters.buffer, parameters.byteOffset, parameters.byteLength))
    .digest("hex");
}

/** Where to write: a sweep has a place of its own by default. */
function targets(
  { out, picture }: Pick<SampleToFilesOptions, "out" | "picture">,
  property: string | undefined,
  named: (option: string) => string,
): { readonly out: string; readonly picture?: string } {
  if (picture !== undefined && property === undefined)
    throw new InputError(`${named("picture")} draws a sweep: ${named("condition")} alpha=60..90`);
  if (picture !== undefined && !/\.(svg|png)$/i.test(picture))
    throw new InputError(`${named("picture")} takes a file name that ends in .svg or .png; got "${picture}"`);
  if (out !== undefined) return { out, picture };
  if (property === undefined)
    throw new InputError(`${named("out")} is required (see "equimol sample --help")`);
  return { out: `sweep-${property}.sdf`, picture: picture ?? `sweep-${property}.svg` };
}
