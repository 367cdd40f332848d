import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile, equimol } from "./command-line.ts";

const root = mkdtempSync(join(tmpdir(), "equimol-lab-cli-"));
beforeAll(compile);
afterAll(() => rmSync(root, { recursive: true, force: true }));

const lab = (...words: string[]) =>
  equimol(["lab", ...words], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
const SMALL = ["--set", "data.count=1000", "--set", "data.test=200", "--threads", "1"];
const TINY = [...SMALL, "--set", "model.hidden=16", "--set", "model.blocks=1", "--set", "training.epochs=2"];
const FEW = ["--samples", "50", "--likelihood-rows", "20"];
const isPng = (file: string): boolean => readFileSync(file).subarray(1, 4).toString() === "PNG";

describe("equimol lab", () => {
  test("trains, measures and draws; the model samples and can be measured again with other settings", async () => {
    const trained = await lab("train", "ddpm", "--data", "two-moons", ...TINY, ...FEW, "--json");
    expect(trained.code, trained.stderr).toBe(0);
    const answer = JSON.parse(trained.stdout) as Record<string, unknown> & { pictures: string[] };
    expect(answer).toMatchObject({ run: "runs/lab/ddpm-two-moons", finished: true, steps: 6 });
    expect(answer.evaluation).toMatchObject({
      logLikelihood: { kind: "lower bound", rows: 20 },
      samples: 50,
    });
    expect(isPng(join(root, "runs/lab/ddpm-two-moons/picture.png"))).toBe(true);

    const run = ["--model", "runs/lab/ddpm-two-moons", "--threads", "1"];
    expect((await lab("sample", ...run, "-n", "7", "--seed", "3", "--out", "a.csv")).code).toBe(0);
    expect((await lab("sample", ...run, "-n", "3", "--seed", "3", "--out", "b.csv")).code).toBe(0);
    const rows = (file: string): string[] => readFileSync(join(root, file), "utf8").trim().split("\n");
    expect(rows("a.csv")).toHaveLength(7);
    expect(rows("a.csv").slice(0, 3)).toEqual(rows("b.csv"));
    const drawn = await lab(
      "sample",
      ...run,
      "--set",
      "sampler=ddim",
      "--set",
      "sampleSteps=3",
      "--out",
      "c.png",
    );
    expect(drawn.code, drawn.stderr).toBe(0);
    expect(isPng(join(root, "c.png"))).toBe(true);
    const words = ["evaluate", ...run, ...FEW, "--set", "sampler=ancestral", "--picture", "a/new/folder"];
    const measured = await lab(...words);
    expect(isPng(join(root, "a/new/folder/picture.png"))).toBe(true);
    expect(measured.stdout).toMatch(/log-likelihood +≥ .* nats \(lower bound, 20 test rows\); true density/);
  });

  test("compares models in one table and one figure; one that cannot take the data says why", async () => {
    const words = ["compare", "--data", "two-moons", "--models", "real-nvp,cold", "--seconds", "1"].concat(
      "--clock=processor",
    );
    const compared = await lab(...words, ...SMALL.slice(0, 4), "--threads", "1", ...FEW);
    expect(compared.code, compared.stderr).toBe(0);
    expect(compared.stderr).toContain("cold: cold blurs images; take mnist or mnist-grey");
    const row = (name: string): string[] =>
      (compared.stdout.split("\n").find((line) => line.startsWith(`| ${name} `)) ?? "")
        .split("|")
        .map((cell) => cell.trim());
    expect(row("the data")[4]).toBe("1.00");
    expect(row("kernel estimate")[2]).toMatch(/^= -?\d/);
    expect(row("real-nvp")[2]).toMatch(/^= -?\d/);
    expect(Number(row("real-nvp")[6])).toBeGreaterThan(0); // steps
    expect(row("cold").slice(2, 9)).toEqual(Array(7).fill("–"));
    expect(isPng(join(root, "runs/lab/compare-two-moons/compare.png"))).toBe(true);
    const again = await lab(...words);
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining("holds a comparison already") });
  });

  test("takes points of one's own, in their own unit", async () => {
    const RING = [...TINY.slice(4), "--set", "training.epochs=150", "--set", "training.learningRate=0.01"];
    const points = Array.from(
      { length: 200 },
      (_, i) => `${1000 + 10 * Math.sin(i)}, ${500 + 10 * Math.cos(i)}`,
    );
    writeFileSync(join(root, "ring.csv"), `x, y\n${points.join("\n")}\n`);
    const trained = await lab("train", "ddpm", "--data", "ring.csv", ...RING, ...FEW, "--json");
    expect(trained.code, trained.stderr).toBe(0);
    await lab(
      "sample",
      "--model",
      "runs/lab/ddpm-ring",
      "-n",
      "5",
      "--threads",
      "1",
      "--out",
      "ring-new.csv",
    );
    for (const line of readFileSync(join(root, "ring-new.csv"), "utf8").trim().split("\n")) {
      const [x, y] = line.split(",").map(Number);
      expect(Math.abs(x - 1000)).toBeLessThan(200);
      expect(Math.abs(y - 500)).toBeLessThan(200);
    }
  });

  test("lists its models and data", async () => {
    const { stdout } = await lab("list", "--json");
    const { models, data } = JSON.parse(stdout) as Record<string, { name: string }[]>;
    expect(models.map(({ name }) => name)).toContain("ddpm");
    expect(data.map(({ name }) => name)).toContain("two-moons");
  });
});

describe("bad input ends with 2 and one line", () => {
  const file = (name: string, lines: readonly string[]): string => {
    writeFileSync(join(root, name), `${lines.join("\n")}\n`);
    return name;
  };
  const ten = Array.from({ length: 12 }, (_, i) => `${i} ${i * i}`);
  test.each([
    ["an unknown model", ["train", "ddmp"], 'unknown model "ddmp"; did you mean ddpm? there are vae, '],
    [
      "an unknown preset",
      ["train", "ddpm", "--preset", "paper"],
      'unknown preset "paper"; ddpm has reference',
    ],
    ["unknown data", ["train", "ddpm", "--data", "moon"], "there are two-moons, eight-gaussians"],
    [
      "NaN",
      ["train", "ddpm", "--data", file("nan.csv", [...ten, "1 NaN"])],
      'nan.csv:13: "NaN" is not a finite number',
    ],
    [
      "one point again and again",
      [
        "train",
        "ddpm",
        "--data",
        file(
          "one.csv",
          ten.map(() => "1 2"),
        ),
      ],
      "one.csv: all 12 points are the same",
    ],
    [
      "too few points",
      ["train", "ddpm", "--data", file("few.csv", ["1 2", "3 4"])],
      "few.csv: has 2 points; at least 10 are needed",
    ],
    [
      "a ragged file",
      ["train", "ddpm", "--data", file("ragged.csv", [...ten, "1 2 3"])],
      "ragged.csv:13: has 3 numbers, the lines before have 2",
    ],
    [
      "a dimension that the model cannot take",
      [
        "train",
        "real-nvp",
        "--data",
        file(
          "line.csv",
          ten.map((_, i) => `${i}`),
        ),
      ],
      "real-nvp needs at least 2 dimensions, the data has 1",
    ],
    [
      "data without a known score",
      ["train", "score-explicit", "--data", "pinwheel"],
      "score-explicit needs data whose score is known",
    ],
    ["a clock that is none", ["compare", "--clock", "sun"], '--clock is wall or processor, not "sun"'],
    [
      "a wrong setting",
      ["train", "ddpm", "--set", "model.hiden=3"],
      'unknown key "model.hiden"; did you mean "hidden"?',
    ],
    [
      "a file that is no picture and no table",
      ["sample", "--model", "x", "--out", "rows.txt"],
      "rows.txt: ends in none of .csv, .svg, .png",
    ],
  ])("%s", async (_, words, message) => {
    const { code, stderr } = await lab(...words);
    expect(stderr).toContain(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(code).toBe(2);
  });

  test("training that diverges ends with 1 and says at which step", async () => {
    const { code, stderr } = await lab(
      "train",
      "ddpm",
      ...TINY,
      "--set",
      "training.learningRate=1e30",
      "--out",
      "wild",
    );
    expect(stderr).toMatch(/step \d+: the (loss|gradient) is not finite/);
    expect(code).toBe(1);
    expect(existsSync(join(root, "wild/failure.json"))).toBe(true);
  });
});
