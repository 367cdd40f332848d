/** The engines in Debian's Chromium: the library as compiled, loaded by a page from a local server. */
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadWasmEngine } from "../../src/engines/egnn/wasm.ts";
import type { DynamicsConfig } from "../../src/nets/egnn/dynamics-layout.ts";
import { CHROMIUM } from "../chromium.ts";
import { compile } from "../cli/command-line.ts";
import { randomBatch, randomParameters, randomTarget } from "../engines/cases.ts";
import { TINY } from "../nets/tiny-network.ts";
import { relativeDifference } from "../shared.ts";
import { type Site, serveLibrary } from "./site.ts";

if (CHROMIUM === undefined) console.warn("there is no Chromium: the engines are not tested in a browser");

const config: DynamicsConfig = { ...TINY, hidden: 16 };
const parameters = randomParameters(config);
const batch = randomBatch(config, [5, 5, 4, 9, 1]);
const target = randomTarget(config, batch);
/** Typed arrays as arrays of numbers. */
function plain<K extends string>(arrays: Readonly<Record<K, Iterable<number>>>): Record<K, number[]> {
  const entries = Object.entries<Iterable<number>>(arrays).map(([name, values]) => [name, [...values]]);
  return Object.fromEntries(entries) as Record<K, number[]>;
}
/** What crosses into the page. */
const work = {
  config,
  parameters: [...parameters],
  batch: plain({ sizes: batch.sizes, positions: batch.positions, features: batch.features }),
  target: plain(target),
};

declare global {
  /** Of page.js. */
  var compute: (what: typeof work, options: object) => Promise<Computed | string>;
}

interface Computed {
  readonly name: string;
  readonly isolated: boolean;
  readonly status: string;
  /** Output and gradient. */
  readonly results: readonly (readonly number[])[];
}

describe.skipIf(CHROMIUM === undefined)("a page in Chromium (needs it)", () => {
  let browser: Browser;
  let open: Site;
  let isolated: Site;
  beforeAll(async () => {
    compile();
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ["--no-sandbox", "--enable-unsafe-webgpu"],
    });
    [open, isolated] = [await serveLibrary(false), await serveLibrary(true)];
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await Promise.all([open?.close(), isolated?.close()]);
  });

  /** Runs the work in a new page; names the engine that openEngine chose. */
  async function compute(site: Site, options: object): Promise<Computed | string> {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on("pageerror", ({ message }) => complaints.push(message));
    await page.goto(site.url);
    await page.waitForFunction(() => "compute" in globalThis);
    const computed = await page.evaluate(([work, options]) => globalThis.compute(work, options), [
      work,
      options,
    ] as const);
    await page.close();
    expect(complaints).toEqual([]);
    return computed;
  }

  /** Output and gradient by WebAssembly in Node. */
  async function inNode(): Promise<number[][]> {
    const engine = (await loadWasmEngine(config))!;
    const gradient = new Float32Array(parameters.length);
    const output = await engine.forward(parameters, batch);
    await engine.squaredError(parameters, batch, target, gradient);
    engine.dispose();
    return [[...output], [...gradient]];
  }

  test.each([true, false])(
    "computes by WebAssembly what Node computes, bit for bit; isolated: %s",
    async (isolation) => {
      const computed = (await compute(isolation ? isolated : open, {})) as Computed;
      expect(computed.name).toBe("wasm (relaxed SIMD)");
      expect(computed.isolated).toBe(isolation);
      expect(computed.status.includes("cannot share memory: one thread")).toBe(!isolation);
      expect(computed.results).toEqual(await inNode());
    },
  );

  test("computes by WebGPU what the CPU computes", async ({ skip }) => {
    const computed = await compute(open, { device: "webgpu" });
    if (typeof computed === "string") return skip(computed);
    expect(computed.name).toBe("jax (webgpu)");
    for (const [k, expected] of (await inNode()).entries())
      expect(relativeDifference(computed.results[k], expected)).toBeLessThan(1e-5);
  });

  test("says that a browser runs no native code", async () => {
    await expect(compute(open, { engine: "native" })).rejects.toThrow(
      "native engine: a browser runs no native code",
    );
  });
});
