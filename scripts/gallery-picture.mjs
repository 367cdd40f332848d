/** Makes docs/gallery.png, the picture of the README, from out/first/gallery.html (run `npm start` before). */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
  existsSync,
);
const args = ["--no-sandbox", "--use-angle=swiftshader", "--use-gl=angle", "--enable-unsafe-swiftshader"];
const browser = await chromium.launch({ executablePath, args });
const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: "light" });
await page.goto(new URL("../out/first/gallery.html", import.meta.url).href);
await page.waitForTimeout(1000);
await page.screenshot({ path: fileURLToPath(new URL("../docs/gallery.png", import.meta.url)) });
await browser.close();
