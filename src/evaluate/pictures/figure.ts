/** Figures made of panels side by side: SVG written here, and the same picture as PNG. */
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { writeFileAtomically } from "../../formats/atomic-write.ts";
import { writing } from "../../formats/write-problem.ts";

/** One picture with a caption below its top edge. */
export interface Panel {
  readonly title: string;
  /** Second line, smaller. */
  readonly note?: string;
  /** SVG in a square of `PANEL` units. */
  readonly content: string;
}

/** Side of a panel's square. */
export const PANEL = 220;
const GAP = 16;
const CAPTION = 38;

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** The panels in rows of `columns`. */
export function figureSvg(panels: readonly Panel[], columns: number): string {
  const across = Math.min(columns, panels.length);
  const down = Math.ceil(panels.length / across);
  const [width, height] = [GAP + across * (PANEL + GAP), GAP + down * (PANEL + CAPTION + GAP)];
  const drawn = panels.map(({ title, note, content }, k) => {
    const x = GAP + (k % across) * (PANEL + GAP);
    const y = GAP + Math.floor(k / across) * (PANEL + CAPTION + GAP);
    return [
      `<g transform="translate(${x},${y})">`,
      `<text y="13" font-size="13" fill="#1f2328">${escaped(title)}</text>`,
      note === undefined ? "" : `<text y="30" font-size="10.5" fill="#656d76">${escaped(note)}</text>`,
      `<svg y="${CAPTION}" width="${PANEL}" height="${PANEL}" viewBox="0 0 ${PANEL} ${PANEL}">${content}`,
      `<rect x="0.5" y="0.5" width="${PANEL - 1}" height="${PANEL - 1}" fill="none" stroke="#d0d7de"/></svg></g>`,
    ].join("");
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="DejaVu Sans, sans-serif">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...drawn,
    "</svg>\n",
  ].join("\n");
}

let renderer: Promise<(svg: string) => Uint8Array> | undefined;

/** The picture as PNG, at twice its size in units. */
export async function pngOf(svg: string): Promise<Uint8Array> {
  renderer ??= (async () => {
    const { initWasm, Resvg } = await import("@resvg/resvg-wasm");
    const { resolve } = createRequire(import.meta.url);
    await initWasm(await readFile(resolve("@resvg/resvg-wasm/index_bg.wasm")));
    const file = "@fontsource/dejavu-sans/files/dejavu-sans-latin-400-normal.woff2";
    const font = {
      fontBuffers: [new Uint8Array(await readFile(resolve(file)))],
      defaultFontFamily: "DejaVu Sans",
      sansSerifFamily: "DejaVu Sans",
    };
    return (text) => new Resvg(text, { font, fitTo: { mode: "zoom", value: 2 } }).render().asPng();
  })();
  return (await renderer)(svg);
}

/** Writes STEM.svg and STEM.png, with their folder if need be; returns both paths. */
export async function writeFigure(stem: string, svg: string): Promise<readonly [string, string]> {
  await writing(dirname(stem), () => mkdir(dirname(stem), { recursive: true }));
  await writeFileAtomically(`${stem}.svg`, svg);
  await writeFileAtomically(`${stem}.png`, await pngOf(svg));
  return [`${stem}.svg`, `${stem}.png`];
}
