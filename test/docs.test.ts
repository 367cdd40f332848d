/** How the pages of the documentation are read by what runs them, `npm run docs:check`. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { blocksOf, commandsOf, pagesOf, shortened } from "../scripts/docs/blocks.mjs";
import { LAB_DATA } from "../src/lab/data/catalog.ts";
import { labKind } from "../src/lab/models/kinds.ts";
import { compile, ROOT } from "./cli/command-line.ts";

const PAGES = pagesOf(ROOT);
const blocks = PAGES.flatMap((page) => blocksOf(readFileSync(join(ROOT, page), "utf8"), page));

describe("the pages", () => {
  test("have no command that is not in a block of commands, and no tag that means nothing", () => {
    expect(PAGES).toEqual(expect.arrayContaining(["README.md", "docs/training.md", "docs/lab/vae.md"]));
    expect(blocks.filter(({ kind }) => kind === "sh").length).toBeGreaterThan(50);
    expect(() => blocksOf("```\nequimol info\n```\n", "page.md")).toThrow(
      "page.md:1: the block has commands",
    );
    expect(() => blocksOf("<!-- expect: some number -->\n```sh\n```\n", "page.md")).toThrow(
      "page.md:1: expect",
    );
    for (const page of PAGES)
      for (const [comment] of readFileSync(join(ROOT, page), "utf8").matchAll(/<!--.*?-->/g))
        expect(comment, page).toMatch(
          /^<!-- (slow|not run: .+|given: .+|before: .+|expect: .+|code \S+|end) -->$/,
        );
  });

  test("say why what is not run is not", () => {
    for (const { skipped, page } of blocks) expect(skipped ?? "no reason needed", page).not.toBe("");
    expect(blocks.filter(({ skipped }) => skipped !== undefined).length).toBeLessThan(10);
  });

  test("name models and data of the lab that there are", () => {
    const trained = blocks
      .filter(({ kind }) => kind === "sh")
      .flatMap(commandsOf)
      .flatMap(({ text }) => {
        const [, kind, data] = /^equimol lab train (\S+) --data (\S+)/.exec(text) ?? [];
        return kind === undefined ? [] : [{ kind, data }];
      });
    expect(trained.length).toBeGreaterThan(25);
    for (const { kind, data } of trained) {
      expect(labKind(kind).name).toBe(kind);
      expect(Object.keys(LAB_DATA)).toContain(data);
    }
  });

  test("need nothing of this machine", () => {
    for (const { code, page } of blocks)
      expect(code.join("\n"), page).not.toMatch(/\.\.\/shared|\/work\/|\/home\//);
  });
});

describe("a block", () => {
  const [block] = blocksOf(
    "<!-- slow -->\n<!-- given: qm9, a.xyz -->\n<!-- expect: (\\d+) % is 50..100 -->\n```sh\nequimol a \\\n  --b  # remark\n\nequimol c\n```\n",
    "page.md",
  );

  test("has the tags above it", () => {
    expect(block).toMatchObject({ slow: true, given: ["qm9", "a.xyz"], skipped: undefined, line: 4 });
    expect(block.expect).toEqual([{ pattern: /(\d+) %/, least: 50, most: 100 }]);
  });

  test("is its commands, with their lines", () => {
    expect(commandsOf(block).map(({ text, line }) => [text.replace(/ +/g, " "), line])).toEqual([
      ["equimol a --b", 6],
      ["equimol c", 8],
    ]);
  });

  test("is shortened in its numbers, not in its words", () => {
    expect(shortened("equimol sample --model qm9 -n 1000 --out a.sdf")).toBe(
      "equimol sample --model qm9 -n 8 --out a.sdf --steps 10",
    );
    expect(shortened("equimol lab train vae --data mnist")).toBeUndefined();
    expect(shortened("equimol info")).toBe("equimol info");
  });
});

describe("what runs them", () => {
  let folder: string;
  beforeAll(() => {
    compile();
    folder = mkdtempSync(join(tmpdir(), "equimol-docs-test-"));
  }, 240_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const run = (text: string): { readonly status: number | null; readonly stdout: string } => {
    writeFileSync(join(folder, "page.md"), text);
    const page = relative(ROOT, join(folder, "page.md"));
    return spawnSync(process.execPath, ["scripts/run-docs.mjs", page], { cwd: ROOT, encoding: "utf8" });
  };

  test("ends with 0 where commands and programs do, and their numbers are where they are said to be", () => {
    const { status, stdout } = run(
      '<!-- expect: of (\\d+) is 3..5 -->\n```sh\nnode bin/equimol.js --version\necho 1 of 4\n```\n```ts\nimport { symbolOf } from "equimol";\nif (symbolOf(6) !== "C") throw new Error("no");\n```\n',
    );
    expect(stdout).toContain("docs: 3 commands and programs ran, 0 were left out");
    expect(status).toBe(0);
  }, 120_000);

  test.each([
    ["a command that fails", "```sh\nequimol sampel\n```\n", /page\.md:2: equimol sampel: 2\n +.*sample/],
    [
      "a number out of its range",
      "<!-- expect: of (\\d+) is 3..5 -->\n```sh\necho 1 of 9\n```\n",
      /is 9, not in 3\.\.5/,
    ],
    [
      "a number that is missing",
      "<!-- expect: of (\\d+) is 3..5 -->\n```sh\necho nothing\n```\n",
      /prints nothing like/,
    ],
    [
      "a program of other types",
      '```ts\nimport { symbolOf } from "equimol";\nconst x: number = symbolOf(6);\n```\n',
      /TS2322/,
    ],
    [
      "what nobody gives",
      "<!-- given: the moon -->\n```sh\necho moon\n```\n",
      /nothing is known of what is given: the moon/,
    ],
  ])(
    "ends with 1 for %s",
    (_, text, message) => {
      const { status, stdout } = run(text);
      expect(stdout).toMatch(message);
      expect(status).toBe(1);
    },
    60_000,
  );
});
