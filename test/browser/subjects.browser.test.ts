/** Every subject that is for pages too, bundled by Vite without a word about Node's modules, at work in Chromium. */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { type Browser, chromium, type Page } from "playwright-core";
import { type PreviewServer, preview } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { conformersOf, loadRdkit, predict, ruleBasedConformers, simulate } from "../../src/browser.ts";
import { graphOfSmiles } from "../../src/chem/rdkit-graph.ts";
import { findModel } from "../../src/models/edm/folder.ts";
import { loadConformerModel } from "../../src/models/geodiff/folder.ts";
import { loadGeometric } from "../../src/models/geometric/folder.ts";
import { ETHANOL } from "../chem/molecules.ts";
import { CHROMIUM } from "../chromium.ts";
import { compile, ROOT } from "../cli/command-line.ts";
import { maxDifference } from "../shared.ts";
import { UNIVERSAL } from "../subjects.ts";

declare global {
  /** All subjects, of the page. */
  var equimol: typeof import("../../src/browser.ts");
}

const folder = mkdtempSync(join(tmpdir(), "equimol-subjects-"));
const { resolve } = createRequire(import.meta.url);

/** Bundles a page with this script as users do; returns what Vite complains of. */
function bundled(name: string, script: string, before = ""): string[] {
  const root = join(folder, name);
  mkdirSync(join(root, "node_modules"), { recursive: true });
  symlinkSync(ROOT, join(root, "node_modules/equimol"));
  writeFileSync(join(root, "index.html"), `${before}<script type="module" src="./page.js"></script>`);
  writeFileSync(join(root, "page.js"), script);
  const { NODE_ENV: _, ...env } = process.env; // of the tests; Vite would keep its warnings for the page
  const vite = join(dirname(resolve("vite/package.json")), "bin/vite.js");
  const { status, stdout, stderr } = spawnSync(process.execPath, [vite, "build", root], {
    env,
    encoding: "utf8",
  });
  expect(status, stderr).toBe(0);
  return `${stdout}\n${stderr}`
    .split("\n")
    .filter((line) => /externalized|doesn't exist|cannot be analyzed/.test(line));
}

/** Size of a bundle's scripts, compressed. */
const weight = (name: string): number =>
  readdirSync(join(folder, name, "dist/assets"))
    .filter((file) => file.endsWith(".js"))
    .reduce((sum, file) => sum + gzipSync(readFileSync(join(folder, name, "dist/assets", file))).length, 0);

describe("the subjects that are for pages too, bundled by Vite", () => {
  beforeAll(() => {
    compile();
    mkdirSync(join(folder, "all/public"), { recursive: true });
    for (const file of ["RDKit_minimal.js", "RDKit_minimal.wasm"])
      cpSync(join(dirname(resolve("@rdkit/rdkit")), file), join(folder, "all/public", file));
    for (const model of ["conformers", "qm9-alpha", "rmd17-ethanol-painn"])
      cpSync(findModel(model), join(folder, "all/public", model), { recursive: true });
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("reach none of Node's modules; those for Node alone do", () => {
    const imports = UNIVERSAL.map((subject) => `import * as ${subject} from "equimol/${subject}";`);
    const all = `globalThis.equimol = { ${UNIVERSAL.map((subject) => `...${subject}`).join(", ")} };`;
    const rdkit = '<script src="./RDKit_minimal.js"></script>';
    expect(bundled("all", `${imports.join("\n")}\n${all}`, rdkit)).toEqual([]);
    const files = bundled("files", 'import * as files from "equimol/files"; console.log(files);');
    expect(files.join()).toContain('"node:fs/promises" has been externalized');
  }, 120_000);

  test("weigh what is used of them", () => {
    const uses = { chem: "perceiveBonds", formats: "parseMolecules", diffusion: "cosineSchedule" };
    for (const [subject, name] of Object.entries(uses)) {
      bundled(name, `import { ${name} } from "equimol/${subject}"; console.log(${name});`);
      expect(weight(name), name).toBeLessThan(15_000);
    }
  }, 60_000);

  describe.skipIf(CHROMIUM === undefined)("in Chromium (needs it)", () => {
    let browser: Browser;
    let server: PreviewServer;
    let page: Page;
    const complaints: string[] = [];
    beforeAll(async () => {
      server = await preview({
        root: join(folder, "all"),
        configFile: false,
        preview: { port: 0 },
        logLevel: "silent",
      });
      browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
      page = await browser.newPage();
      page.on("pageerror", ({ message }) => complaints.push(message));
      await page.goto(server.resolvedUrls!.local[0]);
      await page.waitForFunction(() => "equimol" in globalThis);
    }, 60_000);
    afterAll(async () => {
      expect(complaints).toEqual([]);
      await browser?.close();
      await server?.close();
    });

    /** Names of the molecules in a file of these bytes that a user chose, or the error. */
    const parsed = (bytes: Uint8Array, file: string): Promise<string> =>
      page.evaluate(
        async ([bytes, file]) => {
          const names: unknown[] = [];
          try {
            const chosen = new File([Uint8Array.from(bytes)], file);
            for await (const { name } of equimol.parseMolecules(chosen.stream(), { file })) names.push(name);
          } catch (error) {
            return String(error);
          }
          return names.join();
        },
        [[...bytes], file] as const,
      );

    test("files of molecules are read as in Node, compressed too, and refused with the same words", async () => {
      const frame = (name: string): string => `2\n${name}\nH 0 0 0\nH 0 0 0.74\n`;
      const text = frame("a") + frame("b");
      const packed = gzipSync(text);
      expect(await parsed(Buffer.from(text), "h2.xyz")).toBe("a,b");
      expect(await parsed(packed, "h2.xyz.gz")).toBe("a,b");
      expect(await parsed(Buffer.from("2\n\nH 0 0 0\n"), "h2.xyz")).toBe(
        "InputError: h2.xyz:3: the file ends after 1 of the 2 atoms that line 1 declares",
      );
      const damaged =
        /^InputError: h2\.xyz\.gz: the gzip data is truncated or damaged \(.+\); get the file again$/;
      expect(await parsed(packed.subarray(0, -4), "h2.xyz.gz")).toMatch(damaged);
      // What browsers do not unpack is not passed over in silence.
      expect(await parsed(Buffer.concat([packed, packed]), "h2.xyz.gz")).toMatch(damaged);
    });

    test("molecules are written as in Node", async () => {
      const text = await page.evaluate(async () => {
        const positions = Float64Array.of(0, 0, 0, 0, 0, 0.1 + 0.2);
        const molecule = { atomicNumbers: Uint8Array.of(1, 9), positions, name: "HF" };
        let text = "";
        for await (const record of equimol.formatMolecules([molecule], { format: "xyz" })) text += record;
        return text;
      });
      expect(text).toBe("2\nHF\nH 0 0 0\nF 0 0 0.30000000000000004\n");
    });

    test("RDKit reads SMILES, OpenChemLib makes conformers, both as in Node", async () => {
      const [numbers, positions] = await page.evaluate(async () => {
        const { topology } = equimol.graphOfSmiles(await equimol.loadRdkit(), "CCO");
        await equimol.fetchMmff94();
        const flat = new Float64Array(3 * topology.atomicNumbers.length);
        const [conformer] = equimol.ruleBasedConformers(topology, 1, 7, flat);
        return [[...topology.atomicNumbers], [...conformer]];
      });
      const { topology } = graphOfSmiles(await loadRdkit(), "CCO");
      const [conformer] = ruleBasedConformers(topology, 1, 7, new Float64Array(27));
      expect(numbers).toEqual([...topology.atomicNumbers]);
      // Sines are the JavaScript engine's own.
      expect(maxDifference(positions, [...conformer])).toBeLessThan(1e-9);
    });

    test("a simulation is that of Node, frame by frame, and is ended by a signal", async () => {
      const words = {
        method: "nvt",
        steps: 200,
        temperature: 300,
        seed: 3,
        engine: { engine: "wasm" },
      } as const;
      const atoms = { atomicNumbers: [...ETHANOL.atomicNumbers], positions: [...ETHANOL.positions] };
      const made = await page.evaluate(
        async ([words, { atomicNumbers, positions }]) => {
          const ethanol = {
            atomicNumbers: Uint8Array.from(atomicNumbers),
            positions: Float64Array.from(positions),
          };
          const model = await equimol.geometricFromUrl("./rmd17-ethanol-painn");
          const { engine, frames } = await equimol.simulate({ ...words, model, start: [ethanol] });
          const signal = AbortSignal.timeout(100);
          const long = { ...words, steps: 1e8, model, start: [ethanol], signal };
          const { interrupted, finished } = await equimol.simulate(long);
          const text = frames.map((frame) => [...frame.positions, Number(frame.properties?.energy)]);
          return { engine, text, interrupted, finished };
        },
        [words, atoms] as const,
      );
      const model = await loadGeometric(findModel("rmd17-ethanol-painn"));
      const { frames } = await simulate({ ...words, model, start: [ETHANOL] });
      expect(made.engine).toMatch(/^wasm/);
      expect(made.text.length).toBe(11);
      const expected = frames.map(({ positions, properties }) => [...positions, Number(properties?.energy)]);
      expect(maxDifference(made.text.flat(), expected.flat())).toBeLessThan(1e-6);
      expect(made).toMatchObject({ interrupted: true, finished: false });
    }, 60_000);

    test("conformers and their predicted property are those of Node, and are stopped by a signal", async () => {
      const words = { molecule: "CCO", count: 2, engine: { engine: "wasm" } } as const;
      const made = await page.evaluate(async (words) => {
        const model = await equimol.conformerModelFromUrl("./conformers");
        const { conformers, engine } = await equimol.conformersOf({ ...words, model });
        const molecules = conformers.map(({ molecule }) => molecule);
        const alpha = await equimol.geometricFromUrl("./qm9-alpha");
        const found = await equimol.predict({ model: alpha, molecules, engine: words.engine });
        const signal = AbortSignal.timeout(100);
        const stopped = equimol.conformersOf({ ...words, model, count: 10_000, signal });
        return {
          engine,
          positions: molecules.flatMap(({ positions }) => [...positions]),
          values: found.molecules.map(({ value }) => value),
          reason: await stopped.catch((error: Error) => error.name),
        };
      }, words);
      const model = await loadConformerModel(findModel("conformers"));
      const { conformers } = await conformersOf({ ...words, model });
      const molecules = conformers.map(({ molecule }) => molecule);
      const alpha = await loadGeometric(findModel("qm9-alpha"));
      const found = await predict({ model: alpha, molecules, engine: words.engine });
      expect(made.engine).toMatch(/^wasm/);
      expect(
        maxDifference(
          made.positions,
          molecules.flatMap(({ positions }) => [...positions]),
        ),
      ).toBeLessThan(1e-9);
      expect(
        maxDifference(
          made.values,
          found.molecules.map(({ value }) => value),
        ),
      ).toBeLessThan(1e-6);
      expect(made.reason).toBe("TimeoutError");
    }, 60_000);
  });
});
