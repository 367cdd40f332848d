/**
 * Files of models, runs and data sets under damage: read as something sound, or refused by one of our errors that names the
 * file. See run.ts for how many inputs there are, and which.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { datasetInfo } from "../../src/data/dataset-info.ts";
import { QM9_SOURCE, readQm9Archive } from "../../src/data/qm9-archive.ts";
import { loadDataset, readDatasetInfo, writeDataset } from "../../src/data/store.ts";
import { unpacked } from "../../src/formats/gzip.ts";
import {
  parseSafetensors,
  serializeSafetensors,
  type Tensor,
  type TensorFile,
} from "../../src/formats/safetensors.ts";
import { readIdxImages } from "../../src/lab/data/idx.ts";
import { readPoints } from "../../src/lab/data/point-file.ts";
import { labDataSchema } from "../../src/lab/data/settings.ts";
import { CG } from "../../src/models/cg/model.ts";
import { EDM } from "../../src/models/edm/model.ts";
import { CONFORMERS } from "../../src/models/geodiff/model.ts";
import { GEOMETRIC } from "../../src/models/geometric/model.ts";
import { checkedConfig, type ModelKind } from "../../src/models/model-bytes.ts";
import { layoutSize } from "../../src/nets/layers/parameters.ts";
import { readObservables, readSettings } from "../../src/simulate/node/folder.ts";
import { checkSettings, parseConfig } from "../../src/train/config-file.ts";
import { edmSettingsSchema } from "../../src/train/edm/settings.ts";
import { readState, writeState } from "../../src/train/state-file.ts";
import { ROOT } from "../cli/command-line.ts";
import { smallDataset } from "../train/small-data.ts";
import { type Dice, mutateText } from "./mutate.ts";
import { type FuzzTarget, failureText, fuzz, fuzzOptions } from "./run.ts";

const folder = mkdtempSync(join(tmpdir(), "equimol-fuzz-files-"));
const file = join(folder, "in");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function passes<Input extends string | Uint8Array, Result>(
  target: FuzzTarget<Input, Result>,
  usual: number,
  limit = 2000,
): Promise<void> {
  const report = await fuzz(target, { ...fuzzOptions(usual), limit });
  expect(failureText(report as never), `${report.failed} of ${report.inputs} inputs`).toBe("");
  expect(report.refused).toBeGreaterThan(0);
}

/** Damage to the header of a safetensors file alone, its length put right: what is behind the first check. */
function damagedHeader(bytes: Uint8Array, random: Dice): Uint8Array {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = new TextDecoder().decode(bytes.subarray(8, 8 + length));
  const text = new TextEncoder().encode(mutateText(header, random));
  const out = new Uint8Array(8 + text.length + bytes.length - 8 - length);
  new DataView(out.buffer).setBigUint64(0, BigInt(text.length), true);
  out.set(text, 8);
  out.set(bytes.subarray(8 + length), 8 + text.length);
  return out;
}

const tensors = (entries: Readonly<Record<string, Tensor>>, metadata = {}): Uint8Array =>
  serializeSafetensors(new Map(Object.entries(entries)), metadata);
const F32 = (...shape: number[]): Tensor => ({
  dtype: "F32",
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5),
});

describe("damage passes no reader of", () => {
  test("safetensors", () =>
    passes(
      {
        name: "safetensors",
        seeds: [tensors({ a: F32(2, 3), b: F32(0), "c.d": F32() }, { format: "x", note: "é" })],
        damage: damagedHeader,
        read: (input) => parseSafetensors(input, "in"),
        check: ({ tensors }: TensorFile) => {
          for (const [name, { shape, data }] of tensors)
            if (shape.reduce((a, b) => a * b, 1) !== data.length)
              return `"${name}" is [${shape}] of ${data.length} values`;
          return undefined;
        },
      },
      3000,
    ));

  const configs = readdirSync(join(ROOT, "models"))
    .map((name) => join(ROOT, "models", name, "config.json"))
    .map((path) => readFileSync(path, "utf8"))
    // Their long lists of counts are damaged as often as all else: a short one will do.
    .map((text) => JSON.stringify({ ...JSON.parse(text), provenance: { data: { name: "x" } } }, null, 1));
  const kinds = { edm: EDM, cg: CG, conformers: CONFORMERS, geometric: GEOMETRIC } as const;
  test.each(Object.entries(kinds) as unknown as [string, ModelKind<{ readonly kind: string }, unknown>][])(
    "config.json of %s",
    (name, kind) =>
      passes(
        {
          name,
          seeds: configs.filter((text) => kind.schema.safeParse(JSON.parse(text)).success),
          read: (input) => checkedConfig(kind, input, "in/config.json"),
          check: (config) => {
            const size = layoutSize(kind.layout(config));
            return Number.isSafeInteger(size) ? undefined : `a network of ${size} parameters`;
          },
        },
        700,
      ),
  );

  test("YAML", () =>
    passes(
      {
        name: "YAML",
        seeds: [
          "# a run\nnetwork: {hidden: 16, layers: 2}\ntraining:\n  epochs: 3\n  learningRate: 1e-3\n  clipping: adaptive\nschedule:\n  kind: polynomial\n  steps: 50\n",
          "base: &a [1, 2]\nother: *a\ntext: |\n  lines\n  of it\n'quoted': \"x\\n\"\n? complex\n: value\n",
          "condition:\n  properties: [alpha, gap]\nfeatures: {charges: true, normalization: [1, 4, 10]}\n",
        ],
        read: (input) => checkSettings(edmSettingsSchema, parseConfig({ file: "in", text: input }), "in"),
        check: (settings) =>
          Object.getPrototypeOf(settings) === Object.prototype ? undefined : "a prototype was set",
      },
      1500,
    ));

  test("the state of a run", async () => {
    const values = (n: number): Float32Array => new Float32Array(n).fill(0.25);
    await writeState(file, {
      optimizer: {
        ...{ parameters: values(5), ema: values(5), firstMoment: values(5), secondMoment: values(5) },
        ...{ largestSecondMoment: values(0), steps: 7 },
      },
      clipQueue: [1, 2],
      position: { epoch: 1, batch: 2, molecules: 3, seconds: 4, best: null, validated: 5 },
    });
    await passes(
      {
        name: "state",
        seeds: [Uint8Array.from(readFileSync(file))],
        damage: damagedHeader,
        read: (input) => {
          writeFileSync(file, input);
          return readState(file, 5);
        },
        check: ({ optimizer, clipQueue }) =>
          [...optimizer.parameters, ...optimizer.ema, ...clipQueue].every(Number.isFinite)
            ? undefined
            : "NaN was accepted",
      },
      800,
    );
  });

  test("observables.jsonl and settings.json of a simulation", async () => {
    const line = (step: number): string =>
      JSON.stringify({ step, time: step / 10, potential: [1, 2], kinetic: [1, 2], temperature: [300, 1] });
    await passes(
      {
        name: "observables",
        seeds: [`${[0, 1, 2].map(line).join("\n")}\n`],
        place: /observables\.jsonl:\d+: /,
        read: (input) => {
          writeFileSync(join(folder, "observables.jsonl"), input);
          return readObservables(folder, 2);
        },
        check: (lines) =>
          lines.every(({ kinetic, time }) => kinetic.length === 2 && Number.isFinite(time))
            ? undefined
            : "not sound",
      },
      800,
    );
    const settings = {
      ...{
        format: 1,
        potential: { kind: "harmonic", stiffness: 1 },
        method: "nvt",
        timestep: 1,
        temperature: 300,
      },
      ...{ friction: 1, replicas: 2, seed: 0, steps: 10, every: 1, units: "eV", forceTolerance: 0.1 },
      ...{ elements: [1, 8], start: [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1], isotopes: [2, 0] },
    };
    await passes(
      {
        name: "settings",
        seeds: [JSON.stringify(settings), JSON.stringify(settings, null, 1)],
        place: /settings\.json: /,
        read: (input) => {
          writeFileSync(join(folder, "settings.json"), input);
          return readSettings(folder);
        },
        check: ({ start, elements, replicas }) =>
          start.length === 3 * elements.length * replicas && start.every(Number.isFinite)
            ? undefined
            : "not sound",
      },
      800,
    );
  });

  test("a data set", async () => {
    const { train } = smallDataset(6);
    const provenance = { command: "test", sources: [], options: {}, dropped: {} };
    await writeDataset({ name: "in", train, valid: undefined, test: undefined, home: folder, provenance });
    const place = join(folder, "data/in");
    const [info, arrays] = [join(place, "dataset.json"), join(place, "data.safetensors")];
    const [text, bytes] = [readFileSync(info, "utf8"), Uint8Array.from(readFileSync(arrays))];
    await passes(
      {
        name: "dataset.json",
        seeds: [text],
        read: (input) => {
          writeFileSync(info, input);
          return readDatasetInfo(place);
        },
        check: ({ sizes }) => (Object.values(sizes).every(Number.isInteger) ? undefined : "not sound"),
      },
      600,
    );
    writeFileSync(info, text);
    await passes(
      {
        name: "data.safetensors",
        seeds: [bytes],
        damage: damagedHeader,
        read: (input) => {
          writeFileSync(arrays, input);
          return loadDataset(place, { verify: false });
        },
        check: ({ train }) => (train.positions.every(Number.isFinite) ? undefined : "NaN was accepted"),
      },
      600,
    );
    expect(datasetInfo({ name: "in", train, sha256: "0".repeat(64), provenance }).molecules.train).toBe(6);
  });

  test("IDX images", () => {
    const idx = Uint8Array.from([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, ...Array(12).keys()]);
    return passes(
      {
        name: "idx",
        seeds: [idx, Uint8Array.from(gzipSync(idx))],
        read: (input) => {
          writeFileSync(file, input);
          return readIdxImages(file);
        },
        check: ({ count, height, width, pixels }) =>
          pixels.length === count * height * width && pixels.length > 0 ? undefined : "not sound",
      },
      800,
    );
  });

  test("points", () => {
    const settings = labDataSchema.parse({});
    const rows = Array.from({ length: 14 }, (_, k) => `${k},${(k * k) % 5}.5`);
    return passes(
      {
        name: "points",
        seeds: [`x,y\n${rows.join("\n")}\n`, `${rows.join("\n").replaceAll(",", " ")} # last\n`],
        read: (input) => {
          writeFileSync(file, input);
          return readPoints(file, settings);
        },
        check: ({ train }) => (train.every(Number.isFinite) ? undefined : "not finite"),
      },
      800,
    );
  });

  test("gzip", () => {
    const text = Array.from({ length: 200 }, (_, k) => `line ${k * k}`).join("\n");
    return passes(
      {
        name: "gzip",
        seeds: [
          Uint8Array.from(gzipSync(text)),
          Uint8Array.from(Buffer.concat([gzipSync(text), gzipSync("more")])),
        ],
        read: async (input) => {
          const out: Uint8Array[] = [];
          for await (const chunk of unpacked([input], "in")) out.push(chunk as Uint8Array);
          return Buffer.concat(out);
        },
        check: (out, input) => {
          const packed = input[0] === 0x1f && input[1] === 0x8b;
          // The header holds a name and a time, which nobody checks; the text has a checksum.
          return !packed || [text, `${text}more`].includes(out.toString())
            ? undefined
            : "damage was unpacked";
        },
      },
      800,
    );
  });

  test("the archive of QM9", () => {
    const archive = Uint8Array.from(readFileSync(join(ROOT, "test/data/fixtures/qm9-layout.tar.bz2")));
    const source = { ...QM9_SOURCE, molecules: 40, uncharacterizedMolecules: 0, trainMolecules: 20 };
    return passes(
      {
        name: "tar.bz2",
        seeds: [archive],
        read: (input) => {
          writeFileSync(file, input);
          return readQm9Archive(file, new Set(), source);
        },
        check: ({ train }) => (train.positions.every(Number.isFinite) ? undefined : "not sound"),
      },
      40,
      30_000, // its MD5 is compared before it is unpacked: damage does not come so far
    );
  });
});
