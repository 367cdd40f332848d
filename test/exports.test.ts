/** The package as others import it: every subject by its name, each name in one subject, types for every resolution. */
import { execFileSync, spawnSync } from "node:child_process";
import {
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
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile, ROOT } from "./cli/command-line.ts";
import { SUBJECTS, UNIVERSAL } from "./subjects.ts";

/** Names of values that the built package exports, by the words after `equimol`. */
function exportedValues(paths: readonly string[]): Record<string, string[]> {
  const script = `const names = {};
    for (const path of ${JSON.stringify(paths)}) names[path] = Object.keys(await import("equimol" + path)).sort();
    console.log(JSON.stringify(names));`;
  return JSON.parse(
    execFileSync(process.execPath, ["--input-type=module", "-e", script], { cwd: ROOT, encoding: "utf8" }),
  );
}

/** All names in the list of a subject, types too. */
const listed = (subject: string): string[] =>
  [...readFileSync(join(ROOT, `src/exports/${subject}.ts`), "utf8").matchAll(/\{([^}]*)\}/g)].flatMap(
    ([, names]) =>
      names
        .split(",")
        .map((name) => name.trim().replace(/^type /, ""))
        .filter((name) => name !== ""),
  );

describe("the package", () => {
  let folder: string;
  beforeAll(() => {
    compile();
    folder = mkdtempSync(join(tmpdir(), "equimol-types-"));
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(ROOT, join(folder, "node_modules/equimol"));
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("gives every subject by its name, and the whole is their sum", () => {
    const paths = ["", "/browser", ...SUBJECTS.map((subject) => `/${subject}`)];
    const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    expect(Object.keys(exports).sort()).toEqual(paths.map((path) => `.${path}`).sort());
    expect(readdirSync(join(ROOT, "src/exports"))).toEqual(SUBJECTS.map((subject) => `${subject}.ts`));
    const values = exportedValues(paths);
    const sum = (subjects: readonly string[]): string[] =>
      subjects.flatMap((subject) => values[`/${subject}`]).sort();
    expect(values[""]).toEqual(sum(SUBJECTS));
    expect(values["/browser"]).toEqual(sum(UNIVERSAL));
    expect(values[""].length).toBeGreaterThan(200);
  });

  test("has each name, of values and of types, in one subject", () => {
    const names = SUBJECTS.flatMap(listed);
    expect(names.filter((name, k) => names.indexOf(name) !== k)).toEqual([]);
    expect(names.length).toBeGreaterThan(300);
  });

  test.each([
    ["bundler", "esnext"],
    ["node16", "node16"],
  ])("has types for %s, without those of Node in what is for pages", (moduleResolution, module) => {
    const program = (subjects: readonly string[], types: readonly string[]): string => {
      const text = subjects.map((subject) => `export * as ${subject} from "equimol/${subject}";`).join("\n");
      const use = `import { type Molecule } from "equimol/chem";
        import { parseMolecules } from "equimol/formats";
        for await (const molecule of parseMolecules("1\\n\\nH 0 0 0\\n", { format: "xyz" })) {
          const { name }: Molecule = molecule;
          // @ts-expect-error a molecule has no such field
          console.log(name?.length, molecule.nothing);
        }`;
      writeFileSync(join(folder, "program.ts"), `${text}\n${use}`);
      writeFileSync(
        join(folder, "tsconfig.json"),
        JSON.stringify({
          compilerOptions: {
            ...{
              strict: true,
              noEmit: true,
              target: "es2022",
              lib: ["esnext", "dom"],
              types,
              typeRoots: [join(ROOT, "node_modules/@types")],
            },
            ...{ module, moduleResolution, skipLibCheck: false },
          },
          files: ["program.ts"],
        }),
      );
      const tsc = createRequire(import.meta.url)
        .resolve("typescript/package.json")
        .replace("package.json", "bin/tsc");
      return spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" }).stdout;
    };
    expect(program(UNIVERSAL, [])).toBe("");
    expect(program(SUBJECTS, ["node"])).toBe("");
  });
});
