import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BIN, compile, equimol, ROOT } from "./command-line.ts";

const WATER = "3\nwater\nO 0 0 0.119\nH 0 0.763 -0.477\nH 0 -0.763 -0.477\n";

let folder: string;
const path = (name: string) => join(folder, name);
const file = (name: string, content: string) => {
  writeFileSync(path(name), content);
  return path(name);
};

beforeAll(() => {
  compile();
  folder = mkdtempSync(join(tmpdir(), "equimol-cli-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("help", () => {
  test("lists every verb, each of which has help with an example", async () => {
    const { code, stdout } = await equimol(["--help"]);
    expect(code).toBe(0);
    const verbs = [...(stdout.split("Verbs")[1] ?? "").split("Options")[0].matchAll(/^ {2}(\w+)/gm)].map(
      ([, verb]) => verb,
    );
    expect(verbs).toEqual(expect.arrayContaining(["evaluate", "info"]));
    const helps = await Promise.all(verbs.map((verb) => equimol([verb, "--help"])));
    helps.forEach((help, k) => {
      expect(help).toMatchObject({ code: 0, stderr: "" });
      expect(help.stdout).toContain(`Usage  equimol ${verbs[k]}`);
      expect(help.stdout).toMatch(/Examples|Verbs/);
      // However long the names of options are, what is said of them has most of the line.
      const indents = help.stdout.split("\n").map((line) => line.length - line.trimStart().length);
      expect(Math.max(...indents)).toBeLessThanOrEqual(40);
    });
  }, 60_000);

  test("is what the bare command prints, without colours for a pipe", async () => {
    const { code, stdout } = await equimol([]);
    expect(code).toBe(0);
    expect(stdout).toContain("Usage  equimol VERB");
    expect(stdout).not.toContain("\u001b");
  });

  test("--version is that of package.json", async () => {
    const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8"));
    expect(await equimol(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });
});

describe("help as a verb", () => {
  test("is the overview, or the help of the verb behind it", async () => {
    const pairs: [string[], string[]][] = [
      [["help"], ["--help"]],
      [
        ["help", "evaluate"],
        ["evaluate", "--help"],
      ],
      [
        ["help", "data", "import"],
        ["data", "import", "--help"],
      ],
      [
        ["data", "help"],
        ["data", "--help"],
      ],
    ];
    for (const [words, same] of pairs) expect(await equimol(words)).toEqual(await equimol(same));
    expect(await equimol(["help", "evalute"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("did you mean equimol evaluate?"),
    });
  });
});

describe("--json", () => {
  test("of evaluate is one object with the promised keys, and nothing else on stdout", async () => {
    const { code, stdout } = await equimol(["evaluate", file("water.xyz", WATER), "--json"]);
    expect(code).toBe(0);
    expect(stdout.trimEnd().split("\n")).toHaveLength(1);
    const whole = { count: 1, of: 1, fraction: 1 };
    expect(JSON.parse(stdout)).toMatchObject({
      molecules: 1,
      atoms: 3,
      atomStable: { count: 3, of: 3, fraction: 1 },
      moleculeStable: whole,
      valid: whole,
      unique: whole,
      connected: whole,
      geometry: { passesAll: whole },
    });
  });

  test("with a reference adds novelty", async () => {
    const water = file("water.xyz", WATER);
    const { stdout } = await equimol(["evaluate", water, "--reference", water, "--json"]);
    expect(JSON.parse(stdout).novel).toEqual({ count: 0, of: 1, fraction: 0 });
  });

  test("of info names the version and the engines", async () => {
    const { code, stdout } = await equimol(["info", "--json"], {
      env: { ...process.env, EQUIMOL_HOME: folder },
    });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      node: process.versions.node,
      dataHome: folder,
      dataSets: [],
      engines: { jax: { available: true } },
      kernels: { egnn: {}, painn: {}, geodiff: {} },
      devices: { cpu: { available: true } },
    });
  });
});

describe("bad input ends with 2, one line on stderr and nothing on stdout:", () => {
  const water = () => file("water.xyz", WATER);
  test.each<[string, () => string[], RegExp]>([
    ["an unknown verb", () => ["evalute"], /^unknown verb "evalute"; did you mean equimol evaluate\?/],
    ["an unknown verb like no other", () => ["xyzzy"], /^unknown verb "xyzzy"; the verbs are .*evaluate/],
    ["an option without a verb", () => ["--json", "info"], /^expected a verb before --json/],
    [
      "an unknown option",
      () => ["evaluate", water(), "--refrence", "x"],
      /^unknown option --refrence; did you mean --reference\?/,
    ],
    [
      "a value outside a choice",
      () => ["evaluate", water(), "--rule", "qm8"],
      /^--rule is one of auto, qm9, geom; got "qm8"/,
    ],
    [
      "a word where a number belongs",
      () => ["evaluate", water(), "--limit", "many"],
      /^--limit takes an integer of at least 1; got "many"/,
    ],
    ["a missing word", () => ["evaluate", "--json"], /^evaluate takes molecule files/],
    ["a word too many", () => ["info", "a", "b"], /^unexpected word "b"/],
    ["a missing file", () => ["evaluate", path("none.xyz"), "--json"], /none\.xyz: no such file/],
    [
      "a folder in place of a file",
      () => ["evaluate", folder],
      /: the name does not tell the format|is a folder|not a regular file/,
    ],
    ["an empty file", () => ["evaluate", file("empty.xyz", "")], /empty\.xyz: the file is empty/],
    ["a truncated frame", () => ["evaluate", file("cut.xyz", "3\n\nO 0 0 0\nH 0 0 1\n")], /cut\.xyz:\d+: /],
    ["an unknown element", () => ["evaluate", file("xx.xyz", "1\n\nXx 0 0 0\n")], /xx\.xyz:3: .*Xx/],
    [
      "coordinates that are not finite",
      () => ["evaluate", file("nan.xyz", "1\n\nH 0 NaN 0\n")],
      /nan\.xyz:3: /,
    ],
    [
      "an unknown reference",
      () => ["evaluate", water(), "--reference", "qm99"],
      /no data set or molecule file "qm99"/,
    ],
    [
      "a page without a name for one",
      () => ["evaluate", water(), "--gallery", "page.sdf"],
      /--gallery takes a file name that ends in \.html/,
    ],
    [
      "a page in a folder that is not there",
      () => ["evaluate", water(), "--gallery", path("no/page.html")],
      /page\.html: cannot be written/,
    ],
    ["an unknown model", () => ["info", "no-such-model"], /model "no-such-model" not found/],
  ])("%s", async (_, words, message) => {
    const { code, stdout, stderr } = await equimol(words(), {
      env: { ...process.env, EQUIMOL_HOME: folder },
    });
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(readdirSync(folder).filter((name) => name.includes("tmp") || name.includes("page"))).toEqual([]);
  });
});

describe("the process", () => {
  test("goes quietly on when the reader of stdout is gone", async () => {
    const water = file("water.xyz", WATER);
    const child = spawn("bash", [
      "-c",
      `set -o pipefail; "$0" "$1" evaluate "$2" | true`,
      process.execPath,
      BIN,
      water,
    ]);
    let stderr = "";
    child.stderr.on("data", (piece) => (stderr += piece));
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  test.runIf(process.platform === "linux")("fails with 1 when stdout cannot be written", async () => {
    const child = spawn("bash", ["-c", `"$0" "$1" --help > /dev/full`, process.execPath, BIN]);
    let stderr = "";
    child.stderr.on("data", (piece) => (stderr += piece));
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect(stderr).toContain("stdout: cannot be written");
    expect(code).toBe(1);
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("ends with the code of %s", async (signal, expected) => {
    const many = file("many.xyz", WATER.repeat(200_000));
    const child = spawn(process.execPath, [BIN, "evaluate", many], { stdio: ["ignore", "pipe", "pipe"] });
    const ended = new Promise((resolve) => child.on("close", (code) => resolve(code)));
    await new Promise((resolve) => setTimeout(resolve, 1500));
    child.kill(signal);
    expect(await ended).toBe(expected);
  });

  test("takes words after -- for files", async () => {
    file("--json", WATER);
    const { code, stderr } = await equimol(["evaluate", "--", "--json"], { cwd: folder });
    expect(code).toBe(2);
    expect(stderr).toContain("--json: the name does not tell the format");
  });
});
