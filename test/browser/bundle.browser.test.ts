/** The page of examples/browser in Chromium, built or served by Vite as a user would: it makes the molecules that Node makes. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { gzipSync } from "node:zlib";
import { type Browser, chromium } from "playwright-core";
import { build, createServer as createViteServer } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openEngine } from "../../src/engines/open-engine.ts";
import { formatXyz } from "../../src/formats/xyz.ts";
import { dynamicsConfig } from "../../src/models/edm/config.ts";
import { findModel, loadEdm } from "../../src/models/edm/folder.ts";
import { generate } from "../../src/models/edm/generate.ts";
import { CHROMIUM } from "../chromium.ts";
import { compile, ROOT } from "../cli/command-line.ts";

const MODEL = findModel("qm9-fast");
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
  ".json": "application/json",
};
/** No scripts but the site's own, no blobs, no eval; WebAssembly may be compiled. */
const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'";

const folder = mkdtempSync(join(tmpdir(), "equimol-page-"));
const built = join(folder, "dist");
let browser: Browser;
let servers: Server[] = [];
/** Addresses that the last page asked for. */
let requested: string[] = [];

/** @returns the address of the built page, with or without the headers that let threads share memory */
async function serve(isolated: boolean): Promise<string> {
  const server = createServer((request, response) => {
    response.setHeader("Content-Security-Policy", POLICY);
    if (isolated) {
      response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
      response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    }
    const path = normalize(new URL(request.url ?? "/", "http://localhost").pathname);
    if (path === "/favicon.ico") return response.writeHead(204).end();
    const file = join(built, path === "/" ? "index.html" : path);
    if (!existsSync(file)) return response.writeHead(404).end();
    response
      .setHeader("Content-Type", TYPES[extname(file)] ?? "application/octet-stream")
      .end(readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  servers = [...servers, server];
  return `http://localhost:${(server.address() as AddressInfo).port}/`;
}

/** Symbol and coordinates of every atom in a text of XYZ files. */
const rows = (text: string): string[][] =>
  text
    .split("\n")
    .filter((line) => /^[A-Z][a-z]? -?\d/.test(line))
    .map((line) => line.split(/\s+/));

describe.skipIf(CHROMIUM === undefined)(
  "a page that imports equimol/browser, built by Vite (needs Chromium)",
  () => {
    beforeAll(async () => {
      compile();
      cpSync(`${ROOT}examples/browser`, folder, { recursive: true });
      mkdirSync(join(folder, "node_modules"));
      // Installed, not linked: bundlers treat packages in node_modules in another way than their user's sources.
      for (const path of ["package.json", "dist", "src/engines/wasm", "src/engines/egnn/wasm-worker.js"])
        cpSync(join(ROOT, path), join(folder, "node_modules/equimol", path), { recursive: true });
      const { dependencies } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8"));
      for (const name of new Set(Object.keys(dependencies).map((path) => path.split("/")[0])))
        symlinkSync(join(ROOT, "node_modules", name), join(folder, "node_modules", name));
      mkdirSync(join(folder, "public/model"), { recursive: true });
      for (const name of ["config.json", "model.safetensors"])
        cpSync(join(MODEL, name), join(folder, "public/model", name));
      const pages = { index: join(folder, "index.html"), many: join(folder, "many.html") };
      writeFileSync(pages.many, '<!doctype html><script type="module" src="./many.js"></script>');
      cpSync(new URL("./many.js", import.meta.url), join(folder, "many.js"));
      await build({
        root: folder,
        logLevel: "error",
        build: { rollupOptions: { input: pages } },
      });
      browser = await chromium.launch({
        executablePath: CHROMIUM,
        args: ["--no-sandbox"],
      });
    }, 120_000);
    afterAll(async () => {
      await browser?.close();
      for (const server of servers) server.close();
      rmSync(folder, { recursive: true, force: true });
    });

    /**
     * Presses the button of a page and waits; what it wrote.
     * @param init runs before the page's own script
     */
    async function made(url: string, files: readonly string[] = [], init?: () => void): Promise<string> {
      const page = await browser.newPage();
      if (init !== undefined) await page.addInitScript(init);
      const complaints: string[] = [];
      requested = [];
      page.on("pageerror", ({ message }) => complaints.push(message));
      page.on("console", (message) => {
        const icon = message.location().url.endsWith("/favicon.ico");
        if (message.type() === "error" && !icon)
          complaints.push(`${message.location().url} ${message.text()}`);
      });
      page.on("request", (request) => requested.push(request.url()));
      await page.goto(url);
      await page.setInputFiles("#files", files);
      await page.click("#make");
      await page.waitForSelector("body[data-done]", { timeout: 100_000 });
      const text = (await page.textContent("#molecules")) ?? "";
      await page.close();
      expect(complaints).toEqual([]);
      const bundled = !requested.some((url) => url.includes("/@vite/client")); // development loads all modules
      if (bundled && init === undefined)
        expect(requested.filter((url) => /jax|painn|geodiff/.test(url))).toEqual([]);
      return text;
    }

    test("weighs at most 120 kB before the model, compressed, in what a page loads to make molecules", async () => {
      await made(await serve(true));
      const assets = [...new Set(requested.map((url) => new URL(url).pathname))].filter((path) =>
        path.startsWith("/assets/"),
      );
      const sizes = assets.map((path) => gzipSync(readFileSync(join(built, path))).length);
      expect(assets.some((path) => path.endsWith(".wasm"))).toBe(true);
      expect(sizes.reduce((sum, n) => sum + n)).toBeLessThan(120_000);
    }, 120_000);

    async function expectMoleculesOfNode(text: string): Promise<void> {
      const model = await loadEdm(MODEL);
      const engine = await openEngine({ denoiser: dynamicsConfig(model.config) }, { engine: "wasm" });
      const molecules: string[] = [];
      for await (const batch of generate(model, engine, { count: 8, seed: 0 }))
        molecules.push(...batch.map(({ molecule }) => formatXyz(molecule)));
      engine.dispose();
      expect(rows(text).length).toBeGreaterThan(8 * 9);
      expect(rows(text)).toEqual(rows(molecules.join("\n")));
    }

    test.each([true, false])(
      "makes the molecules that Node makes, bit for bit, under a strict content policy; isolated: %s",
      async (isolated) => {
        const text = await made(await serve(isolated));
        expect(text).toContain("wasm (relaxed SIMD)");
        expect(text.includes("cannot share memory")).toBe(!isolated);
        await expectMoleculesOfNode(text);
      },
      120_000,
    );

    test("makes them from Vite's development server, too", async () => {
      const server = await createViteServer({ root: folder, logLevel: "error" });
      try {
        await server.listen(0);
        await expectMoleculesOfNode(await made(server.resolvedUrls?.local[0] ?? ""));
      } finally {
        await server.close();
      }
    }, 120_000);

    test("takes the files of a model, and says of those that are none what is said of them on disk", async () => {
      const site = await serve(true);
      const files = ["config.json", "model.safetensors"].map((name) => join(MODEL, name));
      await expectMoleculesOfNode(await made(site, files));
      const cut = join(folder, "model");
      mkdirSync(cut);
      cpSync(files[0], join(cut, "config.json"));
      for (const share of [0.5, 0.999, 0.00001]) {
        const bytes = readFileSync(files[1]);
        writeFileSync(join(cut, "model.safetensors"), bytes.subarray(0, Math.floor(share * bytes.length)));
        await expectRefusal(site, cut);
      }
      cpSync(join(findModel("conformers"), "config.json"), join(cut, "config.json"));
      await expectRefusal(site, cut);
      expect(await made(site, [files[1]])).toContain("config.json: is missing among model.safetensors");
    }, 120_000);

    /** The files of a folder are refused in the page in the words that they are refused in on disk. */
    async function expectRefusal(site: string, model: string): Promise<void> {
      const refusal: unknown = await loadEdm(model).catch((error) => error.message);
      expect(refusal).toBeTypeOf("string");
      const said = await made(
        site,
        ["config.json", "model.safetensors"].map((name) => join(model, name)),
      );
      expect(said.trim()).toBe((refusal as string).replace(model, "model"));
    }

    test("computes without SIMD, and says so; without WebAssembly it says what is missing", async () => {
      const site = await serve(false);
      const plain = await made(site, [], () => {
        WebAssembly.validate = () => false;
      });
      expect(plain).toContain(
        "has no WebAssembly SIMD: several times slower, but cannot share memory: one thread",
      );
      expect(plain).toContain("wasm (scalar)");
      expect(rows(plain).length).toBeGreaterThan(8 * 9);
      const none = await made(site, [], () => {
        Reflect.deleteProperty(globalThis, "WebAssembly");
      });
      expect(none).toContain("this JavaScript engine has no WebAssembly");
    }, 120_000);

    test.each([true, false])(
      "never blocks the page for more than 50 ms while it computes; isolated: %s",
      async (isolated) => {
        const page = await browser.newPage();
        await page.goto(`${await serve(isolated)}many.html`);
        await page.waitForFunction(() => "watchedRun" in globalThis);
        const runs: WatchedRun[] = [];
        for (let k = 0; k < 5; k++) runs.push(await page.evaluate(() => globalThis.watchedRun()));
        const blocked = await page.evaluate(() => globalThis.watchedBlock(120));
        await page.close();
        const longest = median(runs.map(({ tasks }) => Math.max(0, ...tasks)));
        const step = median(runs.map(({ step }) => step));
        console.log(
          `isolated ${isolated}: longest task ${longest || "below 50"} ms, a step ${step.toFixed(0)} ms`,
        );
        expect(Math.max(...blocked)).toBeGreaterThan(100); // what watches sees a thread that stands still
        expect(step).toBeGreaterThan(50); // a step on the page's thread would be seen
        expect(longest).toBeLessThan(50);
      },
      120_000,
    );
  },
);

declare global {
  /** Of many.js. */
  var watchedRun: () => Promise<WatchedRun>;
  var watchedBlock: (milliseconds: number) => Promise<number[]>;
}

interface WatchedRun {
  /** Tasks of the page's thread of 50 ms and more, in ms. */
  readonly tasks: readonly number[];
  /** A step of the sampler, in ms. */
  readonly step: number;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1];
