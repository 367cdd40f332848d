import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { importDataset } from "../../src/data/import.ts";
import { moleculeAt, setSize } from "../../src/data/molecule-set.ts";
import { loadDataset } from "../../src/data/store.ts";
import { InputError } from "../../src/errors.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "equimol-import-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const write = (name: string, content: string | Uint8Array): string => {
  const file = join(folder, name);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, content);
  return file;
};
const water = (mu: number): string =>
  `3\nProperties=species:S:1:pos:R:3 mu=${mu}\nO 0 0 0.12\nH 0 0.76 -0.47\nH 0 -0.76 -0.47\n`;
const methane = "5\n\nC 0 0 0\nH 0.6 0.6 0.6\nH -0.6 -0.6 0.6\nH 0.6 -0.6 -0.6\nH -0.6 0.6 -0.6\n";

/** The error of an import, which must leave nothing behind. */
async function refusal(options: Omit<Parameters<typeof importDataset>[0], "home" | "name">): Promise<string> {
  const home = join(folder, "home");
  const error: unknown = await importDataset({ name: "mine", home, ...options }).catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(InputError);
  if (existsSync(join(home, "data"))) expect(readdirSync(join(home, "data"))).toEqual([]);
  return (error as InputError).message;
}

describe("an import", () => {
  test("of several formats gives every molecule, with its properties, in the order of the files", async () => {
    write("a/part-10.extxyz.gz", gzipSync(water(1.75)));
    write("a/part-9.extxyz", water(1.5) + water(2));
    write("b/methane.xyz", methane);
    const home = join(folder, "home");
    const files = [join(folder, "a/part-*.extxyz*"), join(folder, "b")];
    const info = await importDataset({ name: "mine", files, home });
    const { train, valid, test: held } = await loadDataset("mine", { home });
    expect([valid, held]).toEqual([undefined, undefined]);
    expect([...train.properties.mu]).toEqual([1.5, 2, 1.75, Number.NaN]);
    expect(moleculeAt(train, 3)).toEqual({
      atomicNumbers: Uint8Array.of(6, 1, 1, 1, 1),
      positions: Float64Array.of(0, 0, 0, 0.6, 0.6, 0.6, -0.6, -0.6, 0.6, 0.6, -0.6, -0.6, -0.6, 0.6, -0.6),
    });
    expect(info).toMatchObject({
      name: "mine",
      molecules: { train: 4, valid: 0, test: 0 },
      atoms: 14,
      elements: ["H", "C", "O"],
      elementCounts: { H: 10, C: 1, O: 3 },
      sizes: { 3: 3, 5: 1 },
      largest: 5,
      properties: { mu: { count: 3, mean: 1.75, min: 1.5, max: 2 } },
    });
    expect(info.properties.mu.mad).toBeCloseTo(0.5 / 3, 12);
    expect(info.provenance.sources.map((source) => source.molecules)).toEqual([2, 1, 1]);
  });

  test("has energies and forces under one name and in one unit, and says what was chosen and what is not kept", async () => {
    const frame = (properties: string, columns: string, cells: string): string =>
      `2\nProperties=species:S:1:pos:R:3:${columns} ${properties}\nO 0 0 0 ${cells}\nH 0 0 0.97 ${cells}\n`;
    write("e/1.extxyz", frame("energy=-2 energy_unit=eV", "forces:R:3", "1 0 0"));
    write("e/2.extxyz", frame("REF_energy=-1 energy_unit=Hartree", "REF_forces:R:3", "0.5 0 0"));
    write("e/3.extxyz", frame("energy=-4 charge=1", "forces:R:3:isotopes:I:1", "3 0 0 1"));
    const home = join(folder, "home");
    const notices: string[] = [];
    const onNotice = (notice: string): void => {
      notices.push(notice);
    };
    const info = await importDataset({ name: "energies", files: [join(folder, "e")], home, onNotice });
    expect(info.properties.energy).toMatchObject({ unit: "eV", count: 3 });
    const { train } = await loadDataset("energies", { home });
    const HARTREE = 27.211386245988; // eV, CODATA 2018
    expect([...train.properties.energy]).toEqual([-2, expect.closeTo(-HARTREE, 8), -4]);
    expect([0, 6, 12].map((k) => train.forces?.[k])).toEqual([1, expect.closeTo(0.5 * HARTREE, 8), 3]);
    expect(notices.sort()).toEqual([
      "1 of 3 molecules with energies name no unit; theirs is taken to be eV",
      "REF_energy is taken for the energy (1 molecule)",
      "REF_forces is taken for the forces (1 molecule)",
      "energies in Hartree are converted to eV (1 molecule)",
      "isotopes are not kept: a data set has elements, positions, forces and properties (1 molecule)",
    ]);
    const file = await loadDataset(join(folder, "e/2.extxyz"));
    expect(file.info.properties.energy.unit).toBe("Hartree");
  });

  test("keeps the parts apart, and statistics to the training part", async () => {
    const home = join(folder, "home");
    const info = await importDataset({
      name: "mine",
      files: [write("train.extxyz", water(1))],
      valid: [write("valid.xyz", methane)],
      test: [write("test.extxyz", water(2) + water(3))],
      home,
    });
    const { train, valid, test: held } = await loadDataset("mine", { home });
    expect([train, valid!, held!].map(setSize)).toEqual([1, 1, 2]);
    expect([...held!.properties.mu]).toEqual([2, 3]);
    expect(info.sizes).toEqual({ 3: 1 });
    expect(info.largest).toBe(5);
    expect(info.properties.mu).toMatchObject({ count: 1, mean: 1 });
  });

  test("leaves out molecules with more atoms than asked for and counts them", async () => {
    const home = join(folder, "home");
    const files = [write("w.extxyz", water(1)), write("m.xyz", methane)];
    const info = await importDataset({ name: "mine", files, maxAtoms: 4, home });
    expect(info.molecules.train).toBe(1);
    expect(info.provenance).toMatchObject({ options: { maxAtoms: 4 }, dropped: { moreThanMaxAtoms: 1 } });
  });

  test("reports its progress up to the last file", async () => {
    const seen: string[] = [];
    await importDataset({
      name: "mine",
      files: [write("a.xyz", methane), write("b.xyz", methane)],
      home: join(folder, "home"),
      onProgress: ({ filesDone, files, molecules }) => seen.push(`${filesDone}/${files} ${molecules}`),
    });
    expect(seen).toEqual(["1/2 1", "2/2 2"]);
  });

  test("takes a file that is named twice once, and a file name with brackets as it is", async () => {
    const file = write("water [1].extxyz", water(1));
    const info = await importDataset({ name: "mine", files: [file, file], home: join(folder, "home") });
    expect(info.molecules.train).toBe(1);
  });

  test("gives the same bytes when repeated", async () => {
    const files = [write("w.extxyz", water(1)), write("m.xyz", methane)];
    const bytes = ["one", "two"].map(async (where) => {
      await importDataset({ name: "mine", files, home: join(folder, where) });
      const at = join(folder, where, "data/mine");
      return [readFileSync(join(at, "data.safetensors")), readFileSync(join(at, "dataset.json"))];
    });
    expect(await bytes[0]).toEqual(await bytes[1]);
  });
});

describe("an import refuses", () => {
  test("a pattern that matches nothing", async () => {
    expect(await refusal({ files: [join(folder, "*.sdf")] })).toMatch(/no file matches ".*\*\.sdf"/);
  });

  test("a file that does not exist", async () => {
    expect(await refusal({ files: [join(folder, "gone.xyz")] })).toMatch(/no file matches ".*gone\.xyz"/);
  });

  test("a folder without molecule files", async () => {
    mkdirSync(join(folder, "empty"));
    expect(await refusal({ files: [join(folder, "empty")] })).toMatch(
      /empty: folder holds no molecule files/,
    );
  });

  test("an empty file, by its name", async () => {
    expect(await refusal({ files: [write("w.extxyz", water(1)), write("e.xyz", "")] })).toMatch(
      /e\.xyz: .*empty/,
    );
  });

  test("a truncated frame, by its line", async () => {
    expect(await refusal({ files: [write("t.xyz", `${methane}3\n\nO 0 0 0\n`)] })).toMatch(/t\.xyz:\d+: /);
  });

  test("no files", async () => {
    expect(await refusal({ files: [] })).toMatch(/no files were given/);
  });

  test("a limit that leaves no molecule", async () => {
    const files = [write("m.xyz", methane)];
    expect(await refusal({ files, maxAtoms: 2 })).toMatch(/leave no molecules; 1 have more than 2 atoms/);
    expect(await refusal({ files, maxAtoms: 0 })).toMatch(/maxAtoms must be at least 1/);
  });

  test("one file for two parts", async () => {
    const files = [write("m.xyz", methane)];
    expect(await refusal({ files, valid: files })).toMatch(/given for the train part and for the valid part/);
  });

  test.each(["", "../up", "a/b", ".hidden", "con text"])("the name %j", async (name) => {
    const files = [write("m.xyz", methane)];
    await expect(importDataset({ name, files, home: folder })).rejects.toThrow(/cannot name a data set/);
  });

  test("a name that is taken, unless it is to be replaced", async () => {
    const home = join(folder, "home");
    const files = [write("m.xyz", methane)];
    await importDataset({ name: "mine", files, home });
    const again = { name: "mine", files: [write("w.extxyz", water(1))], home };
    await expect(importDataset(again)).rejects.toThrow(
      /data set "mine" exists already .*or replace it with replace/,
    );
    await importDataset({ ...again, replace: true });
    expect((await loadDataset("mine", { home })).info.elements).toEqual(["H", "O"]);
    expect(readdirSync(join(home, "data"))).toEqual(["mine"]);
  });

  test("a bad file without harm to the data set it would have replaced", async () => {
    const home = join(folder, "home");
    await importDataset({ name: "mine", files: [write("m.xyz", methane)], home });
    const broken = { name: "mine", files: [write("t.xyz", "2\n\nO 0 0")], home, replace: true };
    await expect(importDataset(broken)).rejects.toThrow(InputError);
    expect(readdirSync(join(home, "data"))).toEqual(["mine"]);
    expect((await loadDataset("mine", { home })).info.elements).toEqual(["H", "C"]);
  });

  test("a home folder that is a file or cannot be written to", async () => {
    const files = [write("m.xyz", methane)];
    const home = write("file", "");
    await expect(importDataset({ name: "mine", files, home })).rejects.toThrow(
      /cannot write the data set to .*EQUIMOL_HOME/,
    );
    if (process.getuid?.() === 0) return; // root may write everywhere
    const locked = join(folder, "locked");
    mkdirSync(locked);
    chmodSync(locked, 0o500);
    await expect(importDataset({ name: "mine", files, home: locked })).rejects.toThrow(/EQUIMOL_HOME/);
  });
});
