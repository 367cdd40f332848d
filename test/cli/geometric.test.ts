import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stream } from "../../src/math/random.ts";
import { readMolecules } from "../../src/platform/node/molecules.ts";
import { collect } from "../formats/molecules.ts";
import { compile, type Ended } from "./command-line.ts";
import { equimolIn } from "./tiny-model.ts";

let home: string;
let run: (...words: readonly string[]) => Promise<Ended>;
let data: string;
beforeAll(() => {
  compile();
  home = mkdtempSync(join(tmpdir(), "equimol-geometric-"));
  run = equimolIn(home);
  data = join(home, "springs.extxyz");
  writeFileSync(data, springs(40, true));
}, 180_000);
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** O–H molecules of two atoms on a spring: E = 50 (d − 1)², and a property that is the distance. */
function springs(count: number, forces: boolean): string {
  const frames = Array.from({ length: count }, (_, m) => {
    const random = stream({ seed: 1, purpose: "test", index: m });
    const u = random.normals(new Float64Array(3));
    const d = 0.8 + 0.4 * random.uniform();
    const size = Math.hypot(...u);
    const x = u.map((value) => (value / size) * d);
    const f = u.map((value) => (-100 * (d - 1) * value) / size);
    const row = (symbol: string, p: ArrayLike<number>, g: ArrayLike<number>) =>
      [symbol, ...Array.from(p), ...(forces ? Array.from(g) : [])].join(" ");
    const columns = `species:S:1:pos:R:3${forces ? ":forces:R:3" : ""}`;
    return [
      2,
      `Properties=${columns} energy=${50 * (d - 1) ** 2 - 100} length=${d}`,
      row(
        "O",
        [0, 0, 0],
        f.map((value) => -value),
      ),
      row("H", x, f),
    ].join("\n");
  });
  return `${frames.join("\n")}\n`;
}

const SMALL = [
  ...["--set", "network.hidden=32", "--set", "network.layers=1", "--set", "training.batchSize=4"],
  ...["--set", "training.epochs=3", "--set", "training.validateEvery=0"],
];
const path = (name: string): string => join(home, name);

describe("equimol train forcefield", () => {
  test("goes on bit for bit where it was cut, and its model predicts energies and forces", async () => {
    const whole = await run(
      "train",
      "forcefield",
      "--data",
      data,
      "--out",
      path("whole"),
      ...SMALL,
      "--json",
    );
    expect(whole.stderr).toContain("forceMae");
    expect(JSON.parse(whole.stdout)).toMatchObject({ epoch: 3, finished: true });
    const cut = ["train", "forcefield", "--data", data, "--out", path("cut")];
    await run(...cut, ...SMALL, "--max-seconds", "0");
    await run(...cut, "--resume");
    const tensors = (name: string) => readFileSync(path(`${name}/checkpoints/last/model.safetensors`));
    expect(tensors("cut").equals(tensors("whole"))).toBe(true);

    const out = path("predicted.extxyz");
    const { stdout } = await run("predict", data, "--model", path("whole"), "--out", out, "--json");
    const answer = JSON.parse(stdout);
    expect(answer).toMatchObject({ property: "energy", unit: "kcal/mol", forceUnit: "kcal/mol/Å" });
    expect(answer.molecules).toHaveLength(40);
    const [first] = await collect(readMolecules(out));
    expect(first.properties?.energy).toBeCloseTo(answer.molecules[0].energy, 9);
    expect(Array.from(first.forces ?? [])).toEqual(answer.molecules[0].forces);
    const { stdout: info } = await run("info", path("whole"), "--json");
    expect(JSON.parse(info)).toMatchObject({ kind: "forcefield", output: { property: "energy" } });
    expect((await run("predict", data, "--model", path("whole"))).stdout).toMatch(
      /forces, mean absolute error/,
    );
  }, 120_000);

  test("says in one line what is wrong", async () => {
    const bare = path("bare.extxyz");
    writeFileSync(bare, springs(5, false));
    const close = path("close.xyz");
    writeFileSync(close, "2\n\nO 0 0 0\nH 0.1 0 0\n");
    const model = path("whole");
    const train = ["train", "forcefield", "--out", path("never")];
    for (const [words, message] of [
      [[...train, "--data", bare], /has no forces/],
      [[...train, "--data", close], /has no energies/],
      [[...train, "--data", data, "--net", "panin"], /unknown network "panin"; did you mean painn\?/],
      [["predict", close, "--model", model], /close.xyz: molecule 1: atom 1 \(O\) and atom 2 \(H\)/],
      [["predict", data, "--model", "qm9-fast"], /a model of kind "edm"/],
      [["predict", data, "--model", model, "--out", "x.sdf"], /extxyz/],
    ] as const) {
      const { code, stderr } = await run(...words);
      expect(stderr.trim()).toMatch(message);
      expect(stderr.trim()).not.toContain("\n");
      expect(code).toBe(2);
    }
  }, 120_000);
});

describe("equimol train property", () => {
  test("learns from the half that is asked for and keeps that in the model", async () => {
    const words = ["--data", data, "--property", "length", "--half", "first", "--out", path("half")];
    const { code } = await run("train", "property", ...words, ...SMALL);
    expect(code).toBe(0);
    const config = JSON.parse(readFileSync(path("half/checkpoints/last/config.json"), "utf8"));
    expect(config.provenance.data).toMatchObject({ half: "first", molecules: 19 });
    expect(config.output).toMatchObject({ property: "length", pooling: "sum" });
    const far = path("far.xyz");
    writeFileSync(far, "2\n\nO 0 0 0\nH 4 0 0\n");
    const { stderr, stdout } = await run("predict", far, "--model", path("half"), "--json");
    const { molecules, range } = JSON.parse(stdout);
    const outside = molecules[0].length < range[0] || molecules[0].length > range[1];
    expect(stderr.includes("outside the training range of length")).toBe(outside);
  }, 120_000);

  test("lists the properties there are when it does not know one", async () => {
    const words = ["--data", data, "--property", "lenght", "--out", path("never")];
    const { code, stderr } = await run("train", "property", ...words);
    expect(stderr).toMatch(/no property "lenght" \(did you mean "length"\?\); it has energy, length/);
    expect(code).toBe(2);
  });
});
