/** The page of examples/browser, bundled by Vite as a user would, in Chromium: it makes the molecules that Node makes. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { gzipSync } from "node:zlib";
import { type Browser, chromium } from "playwright-core";
import { build } from "vite";
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
      symlinkSync(ROOT, join(folder, "node_modules/equimol"));
      mkdirSync(join(folder, "public/model"), { recursive: true });
      for (const name of ["config.json", "model.safetensors"])
        cpSync(join(MODEL, name), join(folder, "public/model", name));
      await build({ root: folder, configFile: false, logLevel: "error" });
      browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
    }, 120_000);
    afterAll(async () => {
      await browser?.close();
      for (const server of servers) server.close();
      rmSync(folder, { recursive: true, force: true });
    });

    test("weighs at most 120 kB before the model, compressed, in what a page needs to make molecules", () => {
      const assets = readdirSync(join(built, "assets"));
      const sizeOf = (name: string): number => gzipSync(readFileSync(join(built, "assets", name))).length;
      const needed = assets.filter((name) =>
        /^(index|wasm-worker|errors|parameters|worker-shim)-.*\.js$|^egnn-relaxed-/.test(name),
      );
      expect(needed.length).toBeGreaterThanOrEqual(3);
      expect(needed.reduce((sum, name) => sum + sizeOf(name), 0)).toBeLessThan(120_000);
    });

    test.each([true, false])(
      "makes the molecules that Node makes, bit for bit, under a strict content policy; isolated: %s",
      async (isolated) => {
        const page = await browser.newPage();
        const complaints: string[] = [];
        const loaded: string[] = [];
        page.on("pageerror", ({ message }) => complaints.push(message));
        page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
        page.on("request", (request) => loaded.push(request.url()));
        await page.goto(await serve(isolated));
        await page.click("#make");
        await page.waitForSelector("body[data-done]", { timeout: 100_000 });
        const text = (await page.textContent("#molecules")) ?? "";
        await page.close();
        expect(complaints).toEqual([]);
        expect(loaded.filter((url) => /jax|painn|geodiff/.test(url))).toEqual([]);
        expect(text).toContain("wasm (relaxed SIMD)");
        expect(text.includes("cannot share memory")).toBe(!isolated);

        const model = await loadEdm(MODEL);
        const engine = await openEngine({ denoiser: dynamicsConfig(model.config) }, { engine: "wasm" });
        const molecules: string[] = [];
        for await (const batch of generate(model, engine, { count: 8, seed: 0 }))
          molecules.push(...batch.map(({ molecule }) => formatXyz(molecule)));
        engine.dispose();
        expect(rows(text).length).toBeGreaterThan(8 * 9);
        expect(rows(text)).toEqual(rows(molecules.join("\n")));
      },
      120_000,
    );
  },
);
