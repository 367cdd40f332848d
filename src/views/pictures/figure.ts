/** Figures made of panels side by side: SVG written here, and the same picture as PNG. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { encode } from "fast-png";
import { writeFileAtomically } from "../../platform/node/atomic-write.ts";
import { makeFolder } from "../../platform/node/write-problem.ts";
import { escapeHtml } from "../gallery/escape.ts";

/** One picture with a caption below its top edge. */
export interface Panel {
  readonly title: string;
  /** Below it, smaller; both go over as many lines as they need. */
  readonly note?: string;
  /** SVG in a square of `PANEL` units. */
  readonly content: string;
}

/** Side of a panel's square. */
export const PANEL = 220;
const GAP = 16;
const TITLE = { size: 13, line: 15 };
const NOTE = { size: 10.5, line: 13 };
/** Width of a letter of DejaVu Sans in units of its size, rather more than the mean. */
const LETTER = 0.6;

/** Words in lines that fit over a panel; words that are longer than one are cut. */
export function captionLines(text: string, size: number): readonly string[] {
  const limit = Math.floor(PANEL / (LETTER * size));
  const lines: string[] = [];
  for (const word of text.split(" ").flatMap((each) => each.match(new RegExp(`.{1,${limit}}`, "gu")) ?? [])) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= limit)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** The panels in rows of `columns`. */
export function figureSvg(panels: readonly Panel[], columns: number): string {
  const across = Math.min(columns, panels.length);
  const down = Math.ceil(panels.length / across);
  const captions = panels.map(({ title, note = "" }) => {
    const titles = captionLines(title, TITLE.size);
    const notes = captionLines(note, NOTE.size);
    return { titles, notes, height: titles.length * TITLE.line + notes.length * NOTE.line + 10 };
  });
  const caption = Math.max(...captions.map(({ height }) => height));
  const [width, height] = [GAP + across * (PANEL + GAP), GAP + down * (PANEL + caption + GAP)];
  const drawn = panels.map(({ content }, k) => {
    const x = GAP + (k % across) * (PANEL + GAP);
    const y = GAP + Math.floor(k / across) * (PANEL + caption + GAP);
    const { titles, notes } = captions[k];
    const lines = [
      ...titles.map(
        (line, i) =>
          `<text y="${13 + i * TITLE.line}" font-size="${TITLE.size}" fill="#1f2328">${escapeHtml(line)}</text>`,
      ),
      ...notes.map(
        (line, i) =>
          `<text y="${15 + titles.length * TITLE.line + i * NOTE.line}" font-size="${NOTE.size}" fill="#656d76">${escapeHtml(line)}</text>`,
      ),
    ];
    return [
      `<g transform="translate(${x},${y})">`,
      ...lines,
      `<svg y="${caption}" width="${PANEL}" height="${PANEL}" viewBox="0 0 ${PANEL} ${PANEL}">${content}`,
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
    return (text) => {
      const { width, height, pixels } = new Resvg(text, { font, fitTo: { mode: "zoom", value: 2 } }).render();
      // Nothing shines through the white ground; three channels, well packed, take half the bytes.
      const data = new Uint8Array(width * height * 3);
      for (let i = 0; i < width * height; i++) data.set(pixels.subarray(4 * i, 4 * i + 3), 3 * i);
      return encode({ width, height, data, channels: 3, depth: 8 }, { zlib: { level: 9 } });
    };
  })();
  return (await renderer)(svg);
}

/** Writes STEM.svg and STEM.png, with their folder if need be; returns both paths. */
export async function writeFigure(stem: string, svg: string): Promise<readonly [string, string]> {
  await makeFolder(dirname(stem));
  await writeFileAtomically(`${stem}.svg`, svg);
  await writeFileAtomically(`${stem}.png`, await pngOf(svg));
  return [`${stem}.svg`, `${stem}.png`];
}

/** Writes one file: PNG where its name ends in .png, else SVG. */
export const writePicture = async (file: string, svg: string): Promise<void> =>
  writeFileAtomically(file, /\.png$/i.test(file) ? await pngOf(svg) : svg);
