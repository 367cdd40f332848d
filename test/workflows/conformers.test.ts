import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadRdkit } from "../../src/chem/rdkit.ts";
import { graphOfSmiles } from "../../src/chem/rdkit-graph.ts";
import { stereoIsRight } from "../../src/chem/stereo.ts";
import { InputError } from "../../src/errors.ts";
import { formatSdf } from "../../src/formats/sdf/write.ts";
import { stream } from "../../src/math/random.ts";
import { findModel } from "../../src/models/edm/folder.ts";
import { loadConformerModel } from "../../src/models/geodiff/folder.ts";
import { generateConformers, recommendedConformerSampling } from "../../src/models/geodiff/generate.ts";
import type { ConformerModel } from "../../src/models/geodiff/model.ts";
import { createConformerNetwork } from "../../src/models/geodiff/network.ts";
import { type Rebuilt, rebuilt } from "../../src/models/geodiff/rebuild.ts";
import { readMolecules } from "../../src/platform/node/molecules.ts";
import { conformersOf } from "../../src/workflows/conformers.ts";
import { conformersToFile } from "../../src/workflows/node/conformers-to-file.ts";
import { collect } from "../formats/molecules.ts";
import { isWhole, recorder, stopping } from "./events.ts";

let model: ConformerModel;
let folder: string;
beforeAll(async () => {
  model = await loadConformerModel(findModel("conformers"));
  folder = mkdtempSync(join(tmpdir(), "equimol-conformers-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const few = { molecule: "CCO", count: 3, seed: 2, steps: 10 } as const;

describe("conformers as a workflow", () => {
  test("are those of the model, sampled as it recommends; a network that was handed in stays open", async () => {
    const network = await createConformerNetwork(model.config);
    const { onEvent, progress } = recorder();
    const report = await conformersOf({ model, ...few, engine: network, onEvent });
    const graph = graphOfSmiles(await loadRdkit(), "CCO");
    const sampling = { ...recommendedConformerSampling(model.config), steps: 10 };
    const { conformers } = await generateConformers(model, network, graph, {
      ...sampling,
      count: 3,
      seed: 2,
    });
    network.dispose();
    expect(report).toMatchObject({ ...sampling, seed: 2, engine: network.name, stages: [] });
    expect(report.stereo).toMatchObject({ of: 3, lost: 0 });
    expect(report.conformers.map(({ molecule }) => molecule.positions)).toEqual(
      conformers.map(({ positions }) => positions),
    );
    expect(report.conformers[0].molecule).toMatchObject({
      name: "CCO conformer 0",
      properties: { seed: 2, index: 0 },
    });
    expect(isWhole(progress(), "conformers")).toBe(true);
  });

  test("of a graph, relaxed and ranked, come lowest energy first", async () => {
    const molecule = graphOfSmiles(await loadRdkit(), "CCCCO");
    const { conformers, stages } = await conformersOf({
      ...{ model, molecule, count: 4, relax: true, rank: true },
    });
    const energies = conformers.map(({ energy = Number.NaN }) => energy);
    expect(energies).toHaveLength(4);
    expect(energies).toEqual([...energies].sort((a, b) => a - b));
    expect(stages.map(({ step }) => step)).toEqual(["generated", "relaxed", "ranked"]);
  });

  test("stop between two steps; a signal that comes from elsewhere is heard while compiled code computes", async () => {
    const { reason, ...options } = stopping(({ done }) => done > 0);
    await expect(conformersOf({ model, ...few, ...options })).rejects.toBe(reason);

    const many = conformersOf({
      ...{ model, molecule: "CC(=O)Oc1ccccc1C(=O)O", count: 100_000 },
      signal: AbortSignal.timeout(300),
    });
    await expect(many).rejects.toMatchObject({ name: "TimeoutError" });
  });

  test("name what is wrong, options as their caller writes them", async () => {
    const named = (option: string): string => `<${option}>`;
    const wrong: [Partial<Parameters<typeof conformersOf>[0]>, RegExp][] = [
      [{ molecule: "CC(=O" }, /^SMILES "CC\(=O": .*position/],
      [{ molecule: "C".repeat(60) }, /^C+: 182 atoms with hydrogens; at most 150/],
      [{ steps: 100_000 }, /^<steps> takes an integer from 1 to \d+; got "100000"/],
      [{ sampler: "ddim", temperature: 0.5 }, /^<temperature> multiplies/],
    ];
    for (const [options, message] of wrong) {
      const made = conformersOf({ model, ...few, named, ...options });
      await expect(made).rejects.toThrow(InputError);
      await expect(made).rejects.toThrow(message);
    }
  });
});

describe("conformers into a file", () => {
  test("of many molecules: one that fails is warned of and reported", async () => {
    const input = join(folder, "in.smi");
    writeFileSync(input, "CCO ethanol\nCC(=O broken\nCN amine\n");
    const out = join(folder, "out.sdf");
    const { onEvent, texts, progress } = recorder();
    const report = await conformersToFile({ ...few, molecule: input, out, count: { times: 2 }, onEvent });
    expect(report).toMatchObject({ model: "conformers", out, molecules: 2, conformers: 4, steps: 10 });
    expect(report.failed.map(({ name }) => name)).toEqual(["broken"]);
    expect(report.stereo.of).toBe(4);
    expect(texts("warning")).toEqual([report.failed[0].error]);
    expect(isWhole(progress(), "conformers")).toBe(true);
    expect((await collect(readMolecules(out))).map(({ name }) => name)).toEqual([
      ...["ethanol conformer 0", "ethanol conformer 1", "amine conformer 0", "amine conformer 1"],
    ]);
  });

  test("say what is open, refuse what cannot exist and what is no whole molecule; the others come out right", async () => {
    const input = join(folder, "stereo.smi");
    const lines = [
      "CC(O)F open",
      "C[C@H](F)Cl given",
      "O=C1C[C@H]2CC[C@H]1C2 bridge",
      "*CC dummy",
      "CS(C)=O dmso",
    ];
    writeFileSync(input, `${lines.join("\n")}\n`);
    const out = join(folder, "stereo.sdf");
    const { onEvent, texts } = recorder();
    const report = await conformersToFile({ molecule: input, out, count: 4, onEvent });
    expect(report.failed.map(({ name }) => name)).toEqual(["bridge", "dummy"]);
    expect(report.conformers).toBe(12);
    expect(texts("notice").filter((text) => text.includes("either may come"))).toEqual([
      "open: the input does not give centre 2; either may come",
    ]);
    expect(texts("warning")).toEqual([
      expect.stringMatching(/^bridge: the configuration of atoms 4, 7, .* cannot exist: .*anyStereo/),
      expect.stringMatching(/stereo\.smi:4: .*atom 1 is a dummy/),
    ]);
    const graph = graphOfSmiles(await loadRdkit(), "C[C@H](F)Cl");
    for (const { name = "", positions } of await collect(readMolecules(out)))
      if (name.startsWith("given")) expect(stereoIsRight(graph.stereo, positions)).toBe(true);
    const { wrong, mirrored, mended, resampled, rebuilt, rejected, lost } = report.stereo;
    expect(mirrored + mended + resampled + rebuilt + rejected + lost).toBe(wrong);

    const bridge = { model, molecule: "O=C1C[C@H]2CC[C@H]1C2", count: 1, anyStereo: true };
    expect((await conformersOf(bridge)).conformers).toHaveLength(1);
  });

  test("keep isotopes and charges in every format and on the way back; what plain XYZ cannot hold is said", async () => {
    const input = join(folder, "marked.smi");
    const asked = [
      "[2H]C([2H])([2H])O d3",
      "[15NH4+] ammonium",
      "C[N+](C)(C)CC(=O)[O-] betaine",
      "[13CH3][O-] c13",
    ];
    writeFileSync(input, `${asked.join("\n")}\n`);
    const marks = async (file: string) =>
      (await collect(readMolecules(file))).map(({ name, isotopes, formalCharges }) => ({
        name: name?.split(" ")[0],
        isotopes: Array.from(isotopes ?? []).filter((isotope) => isotope > 0),
        charges: Array.from(formalCharges ?? []).filter((charge) => charge !== 0),
      }));
    const expected = [
      { name: "d3", isotopes: [2, 2, 2], charges: [] },
      { name: "ammonium", isotopes: [15], charges: [1] },
      { name: "betaine", isotopes: [], charges: [1, -1] },
      { name: "c13", isotopes: [13], charges: [-1] },
    ];
    const options = { ...few, count: 1, relax: true };
    for (const name of ["marked.sdf", "marked.extxyz"]) {
      const out = join(folder, name);
      const { onEvent, texts } = recorder();
      await conformersToFile({ ...options, molecule: input, out, onEvent });
      expect(await marks(out)).toEqual(expected);
      expect(texts("notice").join()).not.toContain("not kept");
      const again = join(folder, `again-${name}`);
      await conformersToFile({ ...options, molecule: out, out: again });
      expect(await marks(again)).toEqual(expected);
    }
    const { onEvent, texts } = recorder();
    const out = join(folder, "marked.xyz");
    await conformersToFile({ ...options, molecule: input, out, onEvent });
    expect((await marks(out))[0]).toEqual(expected[0]); // D has a symbol
    expect(texts("notice")).toEqual([
      `${out}: formal charges of 3 molecules are not kept: xyz has no place for them; write .sdf or .extxyz`,
      `${out}: isotopes of 2 molecules are not kept: xyz has no place for them; write .sdf or .extxyz`,
    ]);
  });

  test("of structures with masses and a stated charge have the isotopes and charges that these tell", async () => {
    const input = join(folder, "masses.extxyz");
    const [h, a, b] = ["0.59", "0.59", "-0.59"];
    const atoms = [`N 0 0 0 15.0001`, `H ${h} ${a} ${a} 2.0141`, `H ${b} ${b} ${a} 1.008`];
    const rest = [`H ${b} ${a} ${b} 1.008`, `H ${a} ${b} ${b} 1.008`];
    writeFileSync(
      input,
      `5\nProperties=species:S:1:pos:R:3:masses:R:1 charge=1\n${[...atoms, ...rest].join("\n")}\n`,
    );
    const out = join(folder, "masses.sdf");
    await conformersToFile({ ...few, count: 1, molecule: input, out });
    const [{ isotopes, formalCharges }] = await collect(readMolecules(out));
    expect(Array.from(isotopes ?? [])).toEqual([15, 2, 0, 0, 0]);
    expect(Array.from(formalCharges ?? [])).toEqual([1, 0, 0, 0, 0]);
  });

  test("of a file with both hands of a molecule, without names, are of both", async () => {
    const rdkit = await loadRdkit();
    const input = join(folder, "hands.sdf");
    const records = ["C[C@H](F)Cl", "C[C@@H](F)Cl"].map((smiles) => {
      const { topology, stereo } = graphOfSmiles(rdkit, smiles);
      const { positions } = rebuilt(topology, stereo, stream({ seed: 1, purpose: "test" })) as Rebuilt;
      return formatSdf({ ...topology, positions });
    });
    writeFileSync(input, [records[0], records[0], records[1]].join(""));
    const out = join(folder, "both.sdf");
    const report = await conformersToFile({ ...few, molecule: input, out, count: { times: 1 } });
    expect(report.results.map(({ conformers }) => conformers)).toEqual([2, 1]);

    const water = {
      atomicNumbers: Uint8Array.of(8, 1, 1),
      bonds: [1, 2].map((j) => ({ i: 0, j, order: 1 as const })),
    };
    const flat = [0.9, 1].map((r) =>
      formatSdf({ ...water, positions: Float64Array.of(0, 0, 0, r, 0, 0, -0.3, r, 0) }),
    );
    writeFileSync(input, flat.join(""));
    const one = await conformersToFile({ ...few, molecule: input, out, count: { times: 1 } });
    expect(one.results.map(({ conformers }) => conformers)).toEqual([2]);
  });

  test("leave none where they are stopped", async () => {
    const before = readdirSync(folder);
    const { reason, ...options } = stopping(({ done }) => done > 0.4);
    const stopped = conformersToFile({ ...few, out: join(folder, "stopped.sdf"), ...options });
    await expect(stopped).rejects.toBe(reason);
    expect(readdirSync(folder)).toEqual(before);
  });
});
