/** The gallery page in Debian's Chromium, opened from disk with software WebGL. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Molecule } from "../../src/chem/molecule.ts";
import { parseMolecules } from "../../src/formats/parse-molecules.ts";
import { galleryPage } from "../../src/views/showcase.ts";
import { CHROMIUM } from "../chromium.ts";

const WEBGL = ["--use-angle=swiftshader", "--use-gl=angle", "--enable-unsafe-swiftshader"];

const water = (shift: number): Molecule => ({
  name: `water ${shift}`,
  atomicNumbers: Uint8Array.of(8, 1, 1),
  positions: Float64Array.of(0, 0, 0.119, 0, 0.763, -0.477, 0, -0.763, -0.477 - shift),
});
const METHANE: Molecule = {
  name: "methane",
  atomicNumbers: Uint8Array.of(6, 1, 1, 1, 1),
  positions: Float64Array.of(
    0,
    0,
    0,
    0.63,
    0.63,
    0.63,
    -0.63,
    -0.63,
    0.63,
    -0.63,
    0.63,
    -0.63,
    0.63,
    -0.63,
    -0.63,
  ),
};
/** Molecules 2 and 5 are broken: one hydrogen is far away. */
const MOLECULES = [METHANE, water(0), water(3), METHANE, water(0), water(4), METHANE, METHANE];
const CHAIN = Array.from(
  { length: 12 },
  (_, k): Molecule => ({
    ...METHANE,
    positions: METHANE.positions.map((x, i) => x + ((11 - k) / 4) * Math.sin(7 * i)),
  }),
);

describe.skipIf(CHROMIUM === undefined)("the page in a browser (needs Chromium)", () => {
  let folder: string;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];
  const requests = new Set<string>();
  const url = () => pathToFileURL(join(folder, "gallery.html")).href;

  const open = async (inBrowser: Browser) => {
    const opened = await inBrowser.newPage({ viewport: { width: 1280, height: 900 } });
    opened.on("console", (message) => complaints.push(message.text()));
    opened.on("pageerror", (error) => complaints.push(error.message));
    opened.on("request", (request) => {
      if (!/^(data|blob):/.test(request.url())) requests.add(request.url());
    });
    await opened.goto(url(), { timeout: 120_000 }); // Chromium starts slowly on a busy machine.
    return opened;
  };
  const current = () => page.locator('.card[aria-current="true"]').getAttribute("aria-label");
  const text = async (selector: string) => (await page.locator(selector).textContent()) ?? "";
  /** How many different colours the viewer shows. */
  const colours = async () => {
    const image = await page.locator("#viewer").screenshot();
    return page.evaluate(
      async (url) => {
        const bitmap = await createImageBitmap(await (await fetch(url)).blob());
        const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
        const context = canvas.getContext("2d")!;
        context.drawImage(bitmap, 0, 0);
        const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
        const seen = new Set<number>();
        for (let k = 0; k < data.length; k += 4) seen.add((data[k] << 16) | (data[k + 1] << 8) | data[k + 2]);
        return seen.size;
      },
      `data:image/png;base64,${image.toString("base64")}`,
    );
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "equimol-gallery-"));
    const { html } = await galleryPage({
      title: "Eight molecules",
      molecules: MOLECULES,
      chain: CHAIN,
      training: { sizes: { 3: 1, 5: 2 } },
    });
    // For `colours`, which reads a picture back inside the page.
    writeFileSync(
      join(folder, "gallery.html"),
      html.replace("default-src 'none'", "default-src 'none'; connect-src data:"),
    );
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", ...WEBGL] });
    page = await open(browser);
  });
  beforeEach(async () => {
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.locator('.chip[data-filter="all"]').click();
    await page.locator(".card").first().click();
  });
  afterEach(() => {
    expect(complaints).toEqual([]);
    expect([...requests]).toEqual([url()]);
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("shows the first molecule in the one viewer it has", async () => {
    expect(await page.locator("canvas").count()).toBe(1);
    expect(await text("#formula")).toBe("CH4");
    expect(await text("#place")).toBe("1 of 8");
    expect(await text("#smiles")).toBe("C");
    expect(await colours()).toBeGreaterThan(100);
  });

  test("shows the molecule that is clicked", async () => {
    await page.locator(".card").nth(2).click();
    expect(await text("#formula")).toBe("H2O");
    expect(await text("#name")).toBe("water 3");
    expect(await text("#verdict")).toContain("not stable");
    expect(await current()).toContain("Molecule 3");
  });

  test("moves by the arrow keys, in the grid also up and down", async () => {
    await page.keyboard.press("ArrowRight");
    expect(await current()).toContain("Molecule 2:");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowLeft");
    expect(await current()).toContain("Molecule 1:");
    await page.locator(".card").first().click();
    const perRow = await page.evaluate(() => {
      const tops = [...document.querySelectorAll<HTMLElement>(".card")].map(
        (card) => card.getBoundingClientRect().top,
      );
      return tops.filter((top) => top === tops[0]).length;
    });
    await page.keyboard.press("ArrowDown");
    expect(await current()).toContain(`Molecule ${Math.min(8, 1 + perRow)}:`);
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("End");
    expect(await current()).toContain("Molecule 8:");
    await page.keyboard.press("Home");
    expect(await current()).toContain("Molecule 1:");
  });

  test("filters, and the keys then skip what is hidden", async () => {
    await page.locator('.chip[data-filter="unstable"]').click();
    expect(await page.locator(".card:visible").count()).toBe(2);
    expect(await current()).toContain("Molecule 3:");
    await page.keyboard.press("ArrowRight");
    expect(await current()).toContain("Molecule 6:");
    await page.locator('.chip[data-filter="stable"]').click();
    expect(await page.locator(".card:visible").count()).toBe(6);
    await page.locator('.chip[data-filter="all"]').click();
    expect(await page.locator(".card:visible").count()).toBe(8);
  });

  test("plays the denoising to its end, pauses, scrubs, and goes back", async () => {
    await page.locator("#watch").click();
    await page.waitForFunction(() => (document.getElementById("scrub") as HTMLInputElement).value === "11");
    await page.waitForFunction(() => document.getElementById("play")?.textContent === "Play");
    expect(await text("#step")).toBe("12 / 12");
    expect(await colours()).toBeGreaterThan(100);
    await page.locator("#scrub").focus();
    await page.keyboard.press("ArrowLeft");
    expect(await text("#step")).toBe("11 / 12");
    expect(await page.locator("#sdf").isDisabled()).toBe(true);
    await page.locator("#watch").click();
    expect(await page.locator("#film").isHidden()).toBe(true);
    expect(await text("#formula")).toBe("CH4");
  });

  test("gives the selected molecule as SDF and XYZ that read back", async () => {
    await page.locator(".card").nth(1).click();
    for (const format of ["sdf", "xyz"] as const) {
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.locator(`#${format}`).click(),
      ]);
      expect(download.suggestedFilename()).toBe(`molecule-0002.${format}`);
      const content = readFileSync(await download.path(), "utf8");
      const read: Molecule[] = [];
      for await (const molecule of parseMolecules(content, { format })) read.push(molecule);
      expect(read).toHaveLength(1);
      expect([...read[0].atomicNumbers]).toEqual([8, 1, 1]);
      expect([...read[0].positions]).toEqual([...water(0).positions]);
      if (format === "sdf") expect(read[0].bonds).toHaveLength(2);
    }
  });

  test.each([
    { width: 1280, dark: true },
    { width: 390, dark: false },
    { width: 320, dark: true },
  ])("fits a window of $width pixels without scrolling sideways", async ({ width, dark }) => {
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ colorScheme: dark ? "dark" : "light" });
    const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    expect(content).toBeLessThanOrEqual(window);
    expect(await page.locator(".panel").isVisible()).toBe(true);
  });

  test("gives every control a name and every picture words", async () => {
    const nameless = await page.evaluate(() =>
      [...document.querySelectorAll("button, input, [role=img]")]
        .filter((element) => !(element.getAttribute("aria-label") ?? element.textContent)?.trim())
        .map((element) => element.outerHTML),
    );
    expect(nameless).toEqual([]);
  });

  test("without WebGL shows the drawing instead", async () => {
    const plain = await chromium.launch({
      executablePath: CHROMIUM,
      args: ["--no-sandbox", "--disable-3d-apis"],
    });
    const still = await open(plain);
    expect(await still.locator("#still svg circle").count()).toBe(5);
    await still.keyboard.press("ArrowRight");
    expect(await still.locator("#still svg circle").count()).toBe(3);
    expect(await still.locator("#touch").textContent()).toContain("no WebGL");
    await plain.close();
  });
});
