import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fromMolecules, moleculesOf, setSize } from "../../src/data/molecule-set.ts";
import { datasetNames, loadDataset, writeDataset } from "../../src/data/store.ts";
import { InputError } from "../../src/errors.ts";
import type { Tensor } from "../../src/formats/safetensors.ts";
import { digestOfFile } from "../../src/platform/node/digest.ts";
import { dataHome } from "../../src/platform/node/home.ts";
import { readSafetensors, writeSafetensors } from "../../src/platform/node/safetensors.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "equimol-store-"));
});
afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

const molecules = [8, 6, 7].map((z, k) => ({
  atomicNumbers: Uint8Array.of(z, 1),
  positions: Float64Array.of(0, 0, 0, 0.1 + k, Math.PI, -1e-9),
  ...(k === 1 ? { forces: Float64Array.of(1, 2, -1 / 3, 0, 1e-9, 7) } : {}),
  properties: { energy: -(k + 1) / 3 },
}));
const provenance = { command: "test", sources: [], options: {}, dropped: {} };
const save = (name: string) =>
  writeDataset({
    name,
    home,
    train: fromMolecules(molecules.slice(0, 2)),
    test: fromMolecules(molecules.slice(2)),
    units: { energy: "eV" },
    provenance,
  });

describe("a data set on disk", () => {
  test("is read back bit for bit, by name and by folder", async () => {
    const info = await save("small");
    for (const where of ["small", join(home, "data/small")]) {
      const dataset = await loadDataset(where, { home });
      expect([...moleculesOf(dataset.train)]).toEqual(molecules.slice(0, 2));
      expect(dataset.valid).toBeUndefined();
      expect([...moleculesOf(dataset.test!)]).toEqual(molecules.slice(2));
      expect(dataset.info).toEqual(info);
      expect(dataset.info.properties.energy.unit).toBe("eV");
    }
  });

  test("is listed by name", async () => {
    expect(datasetNames(home)).toEqual([]);
    await save("b");
    await save("a");
    mkdirSync(join(home, "data/not-one"));
    expect(datasetNames(home)).toEqual(["a", "b"]);
  });

  test("states the checksum of its arrays", async () => {
    const info = await save("small");
    expect(info.sha256).toBe(await digestOfFile("sha256", join(home, "data/small/data.safetensors")));
  });

  test("lives below EQUIMOL_HOME", () => {
    const before = process.env.EQUIMOL_HOME;
    process.env.EQUIMOL_HOME = home;
    try {
      expect(dataHome()).toBe(home);
    } finally {
      if (before === undefined) delete process.env.EQUIMOL_HOME;
      else process.env.EQUIMOL_HOME = before;
    }
  });
});

describe("a molecule file", () => {
  test("is a data set whose molecules all train", async () => {
    const file = join(home, "two.xyz");
    writeFileSync(file, "1\n\nHe 0 0 0\n2\n\nH 0 0 0\nH 0 0 0.74\n");
    const { info, train, valid, test: held } = await loadDataset(file, { home });
    expect([setSize(train), valid, held]).toEqual([2, undefined, undefined]);
    expect(info).toMatchObject({ name: "two.xyz", sizes: { 1: 1, 2: 1 }, elements: ["H", "He"] });
    expect(info.sha256).toBe(await digestOfFile("sha256", file));
  });
});

describe("what cannot be loaded is refused in one line:", () => {
  const refusal = async (nameOrPath: string): Promise<string> => {
    const error: unknown = await loadDataset(nameOrPath, { home }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).not.toContain("\n");
    return (error as Error).message;
  };

  test("an unknown name, with the nearest one and what to do", async () => {
    expect(await refusal("smal")).toMatch(
      /no data set or molecule file "smal"; there are none yet; .*make minimol/,
    );
    await save("small");
    expect(await refusal("smal")).toMatch(/did you mean "small".*known: small; .*data import.*data fetch/);
  });

  test("a path that does not exist", async () => {
    expect(await refusal(join(home, "gone.xyz"))).toMatch(/no data set or molecule file ".*gone\.xyz"/);
  });

  test("an empty file", async () => {
    const file = join(home, "empty.xyz");
    writeFileSync(file, "");
    expect(await refusal(file)).toMatch(/empty\.xyz: .*empty/);
  });

  test("a folder that is not a data set", async () => {
    expect(await refusal(home)).toMatch(/folder has no dataset\.json; import its files first/);
  });

  test("arrays that are missing, truncated or changed", async () => {
    await save("small");
    const file = join(home, "data/small/data.safetensors");
    const bytes = readFileSync(file);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(file, bytes);
    expect(await refusal("small")).toMatch(/data\.safetensors: checksum differs.*import it again/);
    truncateSync(file, bytes.length - 8);
    await expect(loadDataset("small", { home, verify: false })).rejects.toThrow(InputError);
    rmSync(file);
    expect(await refusal("small")).toMatch(/data\.safetensors: is missing/);
  });

  test.each([
    ["offsets", Uint32Array.of(0, 4, 2, 6), /"offsets" does not rise/],
    ["split", Uint8Array.of(0, 3, 0), /"split" holds other numbers/],
    ["atomicNumbers", Uint8Array.of(1, 1), /"atomicNumbers" is U8 \[2\], expected Uint8Array \[6\]/],
    ["positions", new Float32Array(18), /"positions" is F32/],
  ] as const)("the tensor %s where it does not fit the others", async (name, data, expected) => {
    await save("small");
    const file = join(home, "data/small/data.safetensors");
    const tensors = new Map((await readSafetensors(file)).tensors);
    const dtype = data instanceof Uint32Array ? "U32" : data instanceof Uint8Array ? "U8" : "F32";
    tensors.set(name, { dtype, shape: name === "positions" ? [6, 3] : [data.length], data } as Tensor);
    await writeSafetensors(file, tensors);
    await expect(loadDataset("small", { home, verify: false })).rejects.toThrow(expected);
    tensors.delete(name);
    await writeSafetensors(file, tensors);
    await expect(loadDataset("small", { home, verify: false })).rejects.toThrow(
      `tensor "${name}" is missing`,
    );
  });

  test("a dataset.json that is not JSON, or lacks a key", async () => {
    const info = await save("small");
    const file = join(home, "data/small/dataset.json");
    writeFileSync(file, "{");
    expect(await refusal("small")).toMatch(/dataset\.json: is not JSON/);
    writeFileSync(file, JSON.stringify({ ...info, sizes: undefined }));
    expect(await refusal("small")).toMatch(/dataset\.json: "sizes": /);
  });
});
