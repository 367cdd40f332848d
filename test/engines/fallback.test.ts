/** Machines that lack something: real engines with the feature turned off, from the command line. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readMolecules } from "../../src/platform/node/molecules.ts";
import { compile, type Ended, equimol } from "../cli/command-line.ts";
import { collect } from "../formats/molecules.ts";
import { maxDifference } from "../shared.ts";

let home: string;
beforeAll(() => {
  compile();
  home = mkdtempSync(join(tmpdir(), "equimol-fallback-"));
}, 60_000);
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Positions of two molecules of the shipped model, computed by a Node with these flags. */
async function sampled(
  flags: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended & { readonly positions: readonly number[] }> {
  const file = join(home, `${flags.join("")}${Object.values(env)}.xyz`);
  const words = [
    "sample",
    "--model=qm9-fast",
    "--count=2",
    "--sizes=1,9",
    "--sampler=ancestral",
    "--steps=2",
    "--seed=1",
    `--out=${file}`,
  ];
  const ended = await equimol(words, { env: { ...process.env, ...env } }, flags);
  if (ended.code !== 0) return { ...ended, positions: [] };
  const molecules = await collect(readMolecules(file));
  return { ...ended, positions: molecules.flatMap(({ positions }) => [...positions]) };
}

const WITHOUT_NATIVE = ["--no-addons"];
/** Flags of V8 come and go. */
const knows = (flags: readonly string[]): boolean =>
  spawnSync(process.execPath, [...flags, "-e", ""]).status === 0;

describe("everything works, and says once what is missing", () => {
  let complete: Awaited<ReturnType<typeof sampled>>;
  beforeAll(async () => {
    complete = await sampled([]);
    expect(complete.code, complete.stderr).toBe(0);
  });

  test.each([
    ["without native code", [], {}, "computing with wasm (relaxed SIMD)"],
    ["on one core", [], { EQUIMOL_THREADS: "1" }, "computing with wasm (relaxed SIMD)"],
    [
      "without shared memory",
      ["--no-harmony-sharedarraybuffer"],
      {},
      "this JavaScript engine runs WebAssembly relaxed SIMD, but cannot share memory: one thread; computing with wasm (relaxed SIMD)",
    ],
    [
      "without WebAssembly SIMD",
      ["--no-enable-sse4-1"],
      {},
      "this JavaScript engine has no WebAssembly SIMD: several times slower; computing with wasm (scalar)",
    ],
  ])("%s", async (_, more, env, notice) => {
    const flags = [...WITHOUT_NATIVE, ...more];
    if (!knows(flags)) return console.warn(`skipped: this Node does not know ${flags.join(" ")}`);
    const { code, stderr, positions } = await sampled(flags, env);
    expect(code, stderr).toBe(0);
    const notices = stderr.split("\n").filter((line) => line.startsWith("native engine: "));
    expect(notices).toEqual([expect.stringContaining(`; ${notice}`)]);
    expect(positions).toHaveLength(30);
    const largest = Math.max(...complete.positions.map(Math.abs));
    expect(maxDifference(positions, complete.positions)).toBeLessThan(1e-3 * largest);
  });

  test("and where nothing computes, it says what it needs", async () => {
    const { code, stderr } = await sampled([...WITHOUT_NATIVE, "--jitless"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/this JavaScript engine has no WebAssembly; computing with jax-js/);
    expect(stderr).toMatch(
      /^jax-js needs WebAssembly SIMD, which this JavaScript engine lacks; use --engine auto$/m,
    );
  });

  test("info says which engine computes and why", async () => {
    const ended = await equimol(["info", "--json"], {}, WITHOUT_NATIVE);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      engine: "wasm",
      engines: {
        native: { available: false, reason: expect.stringMatching(/./) },
        wasm: { available: true, reason: "this JavaScript engine runs WebAssembly relaxed SIMD" },
        jax: { available: true },
      },
    });
  });
});
