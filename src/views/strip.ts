/**
 * Rows of molecules as one SVG picture that needs nothing beside it: the frames of a sweep, each with its caption.
 * The molecules of a row are seen from the same side, so that what changes is the molecule.
 */
import { readFileSync } from "node:fs";
import { symbolOf } from "../chem/elements.ts";
import type { Molecule } from "../chem/molecule.ts";
import { drawMolecule, flattestView } from "./gallery/drawing.ts";
import { escapeHtml } from "./gallery/escape.ts";

/** A molecule of the picture with the words below it. */
export interface StripCell {
  /** With the bonds that are to be drawn. */
  readonly molecule: Molecule;
  readonly caption: string;
}

const CELL = { width: 130, height: 104, caption: 22 };

/** The picture, white behind. Rows may differ in length. */
export function moleculeStrip(rows: readonly (readonly StripCell[])[], title: string): string {
  const columns = Math.max(1, ...rows.map((row) => row.length));
  const width = CELL.width * columns;
  const rowHeight = CELL.height + CELL.caption;
  const height = rowHeight * rows.length;
  const symbols = new Set(
    rows.flat().flatMap(({ molecule }) => Array.from(molecule.atomicNumbers, (z) => symbolOf(z))),
  );
  const cells = rows.flatMap((row, r) => {
    if (row.length === 0) return [];
    const view = flattestView(row[Math.floor(row.length / 2)].molecule);
    return row.map(({ molecule, caption }, c) => {
      const [x, y] = [CELL.width * c, rowHeight * r];
      const place = `x="${x}" y="${y}" width="${CELL.width}" height="${CELL.height}" `;
      const drawing = drawMolecule(molecule, view).replace("<svg ", `<svg ${place}`);
      return `${drawing}<text x="${x + CELL.width / 2}" y="${y + CELL.height + 14}">${escapeHtml(caption)}</text>`;
    });
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<title>${escapeHtml(title)}</title>
<defs>${[...symbols].map(gradient).join("")}</defs>
<style>circle{stroke:#14181f;stroke-opacity:.3;stroke-width:.6}path{fill:none}text{font:13px DejaVu Sans,sans-serif;fill:#3b4452;text-anchor:middle}${[...symbols].map(styles).join("")}</style>
<rect width="100%" height="100%" fill="#fff"/>
${cells.join("\n")}
</svg>
`;
}

const styles = (symbol: string): string =>
  `circle.e-${symbol}{fill:url(#g-${symbol})}path.e-${symbol}{stroke:${colourOf(symbol)}}`;

/** A gradient that makes a disc look like a ball. */
function gradient(symbol: string): string {
  const colour = colourOf(symbol);
  const stops = [mixed(colour, 255, 0.45), colour, mixed(colour, 0, 0.78)];
  const places = [0, 0.45, 1];
  return `<radialGradient id="g-${symbol}" cx="0.35" cy="0.32" r="0.75">${stops
    .map((stop, k) => `<stop offset="${places[k]}" stop-color="${stop}"/>`)
    .join("")}</radialGradient>`;
}

let sheet: ReadonlyMap<string, string> | undefined;

/** Colour of an element, from the style sheet of the gallery. */
function colourOf(symbol: string): string {
  sheet ??= new Map(
    [
      ...readFileSync(new URL("../../src/views/gallery/page.css", import.meta.url), "utf8").matchAll(
        /--(\w+): (#[\da-f]{6});/g,
      ),
    ].map(([, name, colour]) => [name, colour]),
  );
  return sheet.get(symbol) ?? sheet.get("other") ?? "#c2559d";
}

/** `share` of the colour, the rest grey of that level. */
function mixed(colour: string, level: number, share: number): string {
  const channels = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16);
    return Math.round(share * value + (1 - share) * level)
      .toString(16)
      .padStart(2, "0");
  });
  return `#${channels.join("")}`;
}
