/** `equimol sample` as a function: new molecules into a file, with the picture of a sweep and a chain of frames. */
import { basename, resolve } from "node:path";
import { withBonds } from "../../chem/bond-orders.ts";
import type { Molecule } from "../../chem/molecule.ts";
import { InputError } from "../../errors.ts";
import { formatOfPath } from "../../formats/format.ts";
import { coordinatesFit } from "../../formats/format-molecules.ts";
import { DEFAULT_MODEL, findModel, loadEdm } from "../../models/edm/folder.ts";
import type { Generated } from "../../models/edm/generate.ts";
import { bondRuleOf } from "../../models/edm/model.ts";
import { checkWritable } from "../../platform/node/atomic-write.ts";
import { checkMoleculeTarget, writeMolecules } from "../../platform/node/molecules.ts";
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
  const written = async () => {
    const name = basename(resolve(source));
    const rule = bondRuleOf(model.config);
    const drawn: Generated[] = [];
    const chainOf = chainFile === undefined ? undefined : first;
    const made = sampling({ ...rest, model, engine, first, seed, chainOf }); // wrong options show before a file is begun
    let report: SampleReport | undefined;
    let lost = 0;
    let count = 0;
    const molecules = async function* (): AsyncGenerator<Molecule> {
      for (;;) {
        const next = await made.next();
        if (next.done) {
          report = next.value;
          break;
        }
        const { index, molecule, condition, chain } = next.value;
        if (picture !== undefined) drawn.push(next.value);
        if (!coordinatesFit(out, molecule)) {
          lost++;
          continue;
        }
        if (chain !== undefined && chainFile !== undefined) await writeMolecules(chainFile, chain);
        const titled = { ...molecule, name: `equimol ${name} seed ${seed} molecule ${index}` };
        const wanted = targetsOf(condition);
        yield formatOfPath(out) === "sdf"
          ? withBonds({ ...titled, properties: wanted }, rule)
          : { ...titled, properties: { seed, index, ...wanted } };
        count++;
      }
      if (count === 0) throw nothingWhole("every molecule flew apart", { ...rest, model }, { named });
    };
    await writeMolecules(out, molecules());
    if (report === undefined) throw new Error("the generator ended without its report");
    if (picture !== undefined && swept !== undefined)
      await writeSweepPicture(picture, drawn, swept, rule, name);
    if (lost > 0) warning(`${lost} of ${report.count} molecules flew apart and were left out`);
    return {
      model: source,
      out,
      ...(picture === undefined ? {} : { picture }),
      molecules: count,
      seed,
      first: report.first,
      ...report.sampling,
      ...(model.config.condition && { condition: askedFor(options), guidance: options.guidance ?? 0 }),
      engine: report.engine,
      seconds: (performance.now() - began) / 1000,
      broken: report.broken,
      lost,
    };
  };
  return written().finally(close);
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
