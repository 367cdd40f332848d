import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CommandDef, runCommand } from "citty";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { data } from "../../src/cli/data/data.ts";
import { checkedWords } from "../../src/cli/options/words.ts";
import { InputError } from "../../src/errors.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "equimol-cli-data-"));
  vi.stubEnv("EQUIMOL_HOME", folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** What `equimol data …` writes to stdout. */
async function stdoutOf(...words: string[]): Promise<string> {
  const verb = await data.subCommands![words[0]].load();
  let text = "";
  const writing = vi.spyOn(process.stdout, "write").mockImplementation((piece) => {
    text += piece;
    return true;
  });
  try {
    await runCommand(verb as CommandDef, {
      rawArgs: checkedWords(words.slice(1), `equimol data ${words[0]}`, verb),
    });
  } finally {
    writing.mockRestore();
  }
  return text;
}
const answer = async (...words: string[]) => JSON.parse(await stdoutOf(...words, "--json", "--quiet"));

const xyz = (name: string, ...symbols: string[]): string => {
  const file = join(folder, name);
  writeFileSync(file, symbols.map((symbol) => `1\n\n${symbol} 0 0 0\n`).join(""));
  return file;
};

describe("equimol data", () => {
  test("imports, lists and shows, each with one JSON object", async () => {
    const [a, b, c, d] = [
      xyz("a.xyz", "He"),
      xyz("b.xyz", "Ne", "Ar"),
      xyz("c.xyz", "Kr"),
      xyz("d.xyz", "He"),
    ];
    const made = await answer("import", a, b, "--name", "noble", "--valid", c, d);
    expect(made).toMatchObject({
      name: "noble",
      molecules: { train: 3, valid: 2, test: 0 },
      elements: ["He", "Ne", "Ar", "Kr"],
    });
    expect(await answer("show", "noble")).toEqual(made);
    expect(await answer("list")).toMatchObject({ home: folder, datasets: [{ name: "noble", largest: 1 }] });
  });

  test("shows a molecule file and says to a person what is in it", async () => {
    const text = await stdoutOf("show", xyz("two.xyz", "He", "Ne"));
    expect(text).toMatch(/molecules +2 train/);
    expect(text).toMatch(/elements +He 50\.0 % +Ne 50\.0 %/);
  });

  test("lists a damaged data set as damaged", async () => {
    await answer("import", xyz("a.xyz", "He"), "--name", "noble");
    writeFileSync(join(folder, "data/noble/dataset.json"), "{}");
    expect((await answer("list")).datasets).toMatchObject([
      { name: "noble", problem: expect.stringMatching(/dataset\.json/) },
    ]);
    expect(await stdoutOf("list")).toMatch(/noble +damaged/);
  });

  test("makes minimol of the size asked for", async () => {
    expect(await answer("make", "minimol", "--count", "10", "--name", "tiny")).toMatchObject({
      name: "tiny",
      molecules: { train: 8, valid: 1, test: 1 },
    });
  });

  test.each([
    [["import", "gone.xyz", "--name", "x"], /no file matches "gone\.xyz"/],
    [["import", "a.xyz"], /--name is required/],
    [["import", "a.xyz", "--name", "x", "--max-atoms", "none"], /--max-atoms takes an integer/],
    [["make", "qm9"], /not a data set to make: equimol data fetch qm9/],
    [["fetch", "minimol"], /not a data set to fetch: equimol data make minimol/],
    [["fetch", "zinc"], /not a data set to fetch; there is: qm9/],
    [["make", "minimol", "--count", "3"], /--count takes an integer of at least 10/],
    [["show", "nothing"], /no data set or molecule file "nothing"; there are none yet/],
  ])("refuses %j in one line and leaves nothing behind", async (words, message) => {
    const error: unknown = await stdoutOf(...words).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toMatch(message);
    expect(readdirSync(folder)).toEqual([]);
  });
});
