/** Names, comments and properties from files reach pages, pictures and terminals, and do nothing there. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Molecule } from "../../src/chem/molecule.ts";
import { createOutput } from "../../src/cli/output.ts";
import { plain, plainButColours, plainJson } from "../../src/cli/plain-text.ts";
import { readSettings } from "../../src/simulate/node/folder.ts";
import { summarizeFolder } from "../../src/simulate/node/summary.ts";
import { figureSvg } from "../../src/views/pictures/figure.ts";
import { galleryPage } from "../../src/views/showcase.ts";
import { simulationPage } from "../../src/views/simulation-page.ts";
import { simulateToFolder } from "../../src/workflows/node/simulate-to-folder.ts";
import { CHROMIUM } from "../chromium.ts";
import { compile, equimol, ROOT } from "../cli/command-line.ts";

let root: string;
beforeAll(() => {
  compile();
  root = mkdtempSync(join(tmpdir(), "equimol-hostile-"));
}, 120_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Each would do something where it is not made harmless. */
const HOSTILE = [
  "<script>document.title='pwned'</script>",
  "</script><script>document.title='pwned'</script>",
  "</title></style><img src=x onerror=\"document.title='pwned'\">",
  `" onmouseover="document.title='pwned'" x="`,
  "' onfocus='document.title=`pwned`' autofocus x='",
  "<!--<script>",
  "]]><svg onload=document.title='pwned'>",
  "javascript:document.title='pwned'",
  "\u202egnp.exe\u2066\u200f",
  "\u001b]0;pwned\u0007\u001b[2J\u009b31m\u0000",
  "&lt;script&gt;",
  "$" + "{document.title='pwned'}{{title}}",
];
/** Control characters and marks of direction. */
const OBEYED = /(?![\t\n])[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

const molecules: readonly Molecule[] = HOSTILE.map((name) => ({
  name,
  atomicNumbers: Uint8Array.of(8, 1, 1),
  positions: Float64Array.of(0, 0, 0.119, 0, 0.763, -0.477, 0, -0.763, -0.477),
  properties: { [name]: name },
}));

describe("pages are inert", () => {
  const tagsOf = (html: string): string[] =>
    [...html.matchAll(/<(\/?[a-z][\w-]*|!--)/gi)].map(([, tag]) => tag.toLowerCase());
  /** The page with a hostile text wherever one can be, and with a tame one. */
  const pages: Record<string, (text: readonly string[]) => Promise<string>> = {
    gallery: async (texts) => {
      const { html } = await galleryPage({
        title: texts[0],
        molecules: molecules.map((molecule, k) => ({
          ...molecule,
          name: texts[k],
          properties: { [texts[k]]: texts[k] },
        })),
        chain: molecules.slice(0, 2),
        chainCaption: texts[1],
        summary: texts[2],
        provenance: Object.fromEntries(texts.map((text, k) => [`${k} ${text}`, text])),
      });
      return html;
    },
    simulation: async (texts) => {
      const settings = await readSettings(join(root, "md"));
      const summary = await summarizeFolder(join(root, "md"), settings);
      return simulationPage({
        settings,
        summary,
        potential: texts.join(" "),
        provenance: Object.fromEntries(texts.map((text, k) => [`${k} ${text}`, text])),
      });
    },
  };
  const tame = HOSTILE.map((_, k) => `text ${k}`);
  beforeAll(async () => {
    const start = molecules.slice(0, 1);
    await simulateToFolder({ start, potential: "harmonic", steps: 40, every: 10, out: join(root, "md") });
  });

  test.each(Object.keys(pages))(
    "%s: hostile text makes no element and no attribute, and runs under a policy",
    async (name) => {
      const [hostile, harmless] = [await pages[name](HOSTILE), await pages[name](tame)];
      expect(tagsOf(hostile)).toEqual(tagsOf(harmless));
      expect(hostile).toContain('<meta http-equiv="Content-Security-Policy" content="default-src \'none\'');
      expect(hostile).not.toMatch(/script-src[^"]*'unsafe-/);
      const programs = /<script>.*?<\/script>/gs; // of our own and of 3Dmol.js
      expect(OBEYED.exec(hostile.replace(programs, ""))).toBeNull();
    },
  );

  test.skipIf(CHROMIUM === undefined)(
    "in Chromium nothing of it runs, and what is shown is the text",
    async () => {
      const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
      try {
        for (const [name, make] of Object.entries(pages)) {
          const file = join(root, `${name}.html`);
          writeFileSync(file, await make(HOSTILE));
          const page = await browser.newPage();
          const complaints: string[] = [];
          page.on("pageerror", (error) => complaints.push(error.message));
          page.on("dialog", (dialog) => complaints.push(dialog.message()));
          await page.goto(pathToFileURL(file).href, { timeout: 120_000 });
          for (const card of await page.locator(".card").all()) {
            await card.click();
            await card.hover();
          }
          expect(await page.title(), name).not.toBe("pwned");
          const shown = (await page.locator("footer").textContent()) ?? "";
          for (const text of HOSTILE.slice(0, 8)) expect(shown, name).toContain(text);
          expect(
            complaints.filter((text) => !/WebGL/i.test(text)),
            name,
          ).toEqual([]);
          const attributes = await page.evaluate(() =>
            [...document.querySelectorAll("*")].flatMap((element) =>
              [...element.attributes].map(({ name }) => name).filter((name) => name.startsWith("on")),
            ),
          );
          expect(attributes, name).toEqual([]);
          await page.close();
        }
      } finally {
        await browser.close();
      }
    },
  );

  test("pictures: captions make no element", () => {
    const panels = (texts: readonly string[]) =>
      figureSvg(
        texts.map((title) => ({ title, note: title, content: "" })),
        4,
      );
    expect(tagsOf(panels(HOSTILE))).toEqual(expect.arrayContaining(["svg"]));
    expect(tagsOf(panels(HOSTILE)).filter((tag) => !/^\/?(svg|g|text|rect)$/.test(tag))).toEqual([]);
    expect(panels(HOSTILE)).not.toMatch(/<[^>]*\son\w+=/);
  });
});

describe("terminals", () => {
  test("get no character that they obey, whatever is printed; JSON keeps what it says", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(OBEYED.test(plain(text))).toBe(false);
        const coloured = plainButColours(`\u001b[31m${text}\u001b[0m`);
        expect(OBEYED.test(coloured.split(/\p{Cc}\[[\d;]*m/u).join(""))).toBe(false);
        expect(OBEYED.test(plainJson({ text }))).toBe(false);
        expect(JSON.parse(plainJson({ [text]: text }))).toEqual({ [text]: text });
        expect(plain(text).length).toBe(text.length);
      }),
    );
    expect(plain("tab\tand\nline, ü 🙂")).toBe("tab\tand\nline, ü 🙂");
  });

  test("a verb's answer, notices and warnings are harmless", () => {
    for (const json of [false, true]) {
      let written = "";
      const sink = { write: (text: string) => (written += text) };
      const output = createOutput({ json, stdout: sink, stderr: sink });
      for (const text of HOSTILE) {
        output.print(text);
        output.log(text);
        output.warn(text);
      }
      output.result({ HOSTILE });
      expect(OBEYED.test(written)).toBe(false);
    }
  });

  test("info and errors show no escapes of a model's files", async () => {
    const folder = join(root, "model");
    cpSync(join(ROOT, "models/qm9-fast"), folder, { recursive: true });
    const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as Record<string, unknown>;
    const text = HOSTILE.join(" ");
    const write = (changes: object): void =>
      writeFileSync(join(folder, "config.json"), JSON.stringify({ ...config, ...changes }));
    write({ provenance: { [text]: text, nested: { [text]: [text] } } });
    for (const more of [[], ["--json"]]) {
      const { code, stdout, stderr } = await equimol(["info", folder, ...more]);
      expect(code, stderr).toBe(0);
      expect(stdout).toContain("pwned");
      expect(OBEYED.test(stdout)).toBe(false);
    }
    write({ kind: "lab", model: text, [text]: text });
    const { code, stdout, stderr } = await equimol(["info", folder]);
    expect(code, stderr).toBe(0);
    expect(OBEYED.test(stdout + stderr)).toBe(false);
    write({ [text]: text });
    const refused = await equimol(["info", folder]);
    expect(refused.code).toBe(2);
    expect(refused.stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(OBEYED.test(refused.stderr)).toBe(false);
  });
});
