/**
 * One HTML file to look at molecules: a grid of drawings, one interactive viewer, the denoising of a molecule as a
 * film, the report card, distributions. It holds everything it needs (3Dmol.js too) and forbids itself the network
 * by a Content-Security-Policy that allows only the two scripts it was written with, by their hashes.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { symbolOf } from "../chem/elements.ts";
import type { Molecule } from "../chem/molecule.ts";
import { structureCounter } from "../evaluate/distributions.ts";
import type { Evaluation, MoleculeVerdict } from "../evaluate/metrics.ts";
import { chartsHtml, type Distributions } from "./gallery/charts.ts";
import { flattestView, type View } from "./gallery/drawing.ts";
import { escapeHtml, inlineJson, inlineScript, quietText } from "./gallery/escape.ts";
import {
  cardHtml,
  elementGradients,
  elementStyles,
  filmHtml,
  filtersHtml,
  reportHtml,
  type State,
  stateOf,
  tilesHtml,
} from "./gallery/parts.ts";
import { recordOf } from "./gallery/record.ts";

export type { Distributions } from "./gallery/charts.ts";

/** What the gallery page shows. */
export interface GalleryContent {
  readonly title: string;
  /** One sentence below the title. */
  readonly summary?: string;
  /** With bonds; they are drawn as they are. */
  readonly molecules: readonly Molecule[];
  /** In the order of the molecules. */
  readonly verdicts?: readonly MoleculeVerdict[];
  readonly evaluation: Evaluation;
  /** One molecule from noise to its end, with bonds where they are to be drawn. */
  readonly chain?: readonly Molecule[];
  /** What the chain shows, in a sentence. */
  readonly chainCaption?: string;
  /** Of the training data, to stand beside those of the molecules. */
  readonly training?: Distributions;
  /** Where the molecules come from: model, seed, command … */
  readonly provenance?: Readonly<Record<string, string>>;
}

/** What page.js reads. Views are quaternions x, y, z, w. */
interface Payload {
  readonly molecules: readonly {
    readonly name: string;
    readonly smiles: string | null;
    readonly state: State | null;
    readonly closedShell: boolean;
    readonly valid: boolean;
    readonly sdf: string;
    readonly view: readonly number[];
  }[];
  readonly chain: {
    readonly caption: string;
    readonly view: readonly number[];
    /** Positions in thousandths of Å; bonds as i, j, order. */
    readonly frames: readonly {
      readonly elements: readonly string[];
      readonly positions: readonly number[];
      readonly bonds: readonly number[];
    }[];
  } | null;
}

/** The whole page. Molecules that no SDF record can hold are not shown, and the page says how many. */
export function galleryHtml(content: GalleryContent): string {
  const {
    title,
    summary = "",
    molecules,
    verdicts,
    evaluation,
    chain = [],
    training,
    provenance = {},
  } = content;
  const shown = molecules.flatMap((molecule, i) => {
    const verdict = verdicts?.[i];
    const sdf = recordOf(molecule, verdict?.smiles);
    return sdf === undefined ? [] : [{ molecule, verdict, sdf, view: flattestView(molecule) }];
  });
  const payload: Payload = {
    molecules: shown.map(({ molecule, verdict, sdf, view }) => ({
      name: quietText(molecule.name ?? ""),
      smiles: verdict?.smiles ?? null,
      state: verdict === undefined ? null : stateOf(verdict),
      closedShell: verdict?.closedShell ?? false,
      valid: verdict?.valid ?? false,
      sdf,
      view: quaternion(view),
    })),
    chain:
      chain.length === 0
        ? null
        : chainPayload(chain, quietText(content.chainCaption ?? "From noise to a molecule.")),
  };
  const drawn = shown.map(({ molecule }) => molecule);
  const hidden = evaluation.molecules - shown.length;
  const library = inlineScript(viewerLibrary());
  const program = inlineScript(asset("page.js"));
  const parts: Readonly<Record<string, string>> = {
    title: escapeHtml(title),
    summary: escapeHtml(summary),
    policy: `default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src ${[library, program].map(hashOf).join(" ")}`,
    styles: `${asset("page.css")}${elementStyles(drawn)}`,
    gradients: elementGradients(drawn),
    tiles: tilesHtml(evaluation),
    filters: verdicts === undefined ? "" : filtersHtml(shown.map(({ verdict }) => verdict!)),
    cards: shown.map(({ molecule, verdict, view }, i) => cardHtml(molecule, verdict, view, i)).join("\n"),
    hidden:
      hidden === 0
        ? ""
        : `<p class="hint">The report card counts ${hidden.toLocaleString("en-US")} more molecules, which are not shown here.</p>`,
    watch:
      payload.chain === null
        ? ""
        : '<button type="button" class="action main watch" id="watch">Watch one form</button>',
    film: payload.chain === null ? "" : filmHtml(chain.length),
    report: reportHtml(evaluation),
    legend:
      training === undefined
        ? ""
        : '<p class="legend"><span><i></i>these molecules</span><span><i class="line"></i>training data</span></p>',
    charts: chartsHtml(distributionsOf(content), training),
    provenance: Object.entries(provenance)
      .map(([term, text]) => `<dt>${escapeHtml(term)}</dt><dd>${escapeHtml(text)}</dd>`)
      .join(""),
    data: inlineJson(payload),
    library,
    program,
  };
  return asset("page.html").replace(/\{\{(\w+)\}\}/g, (_, name: string) => parts[name]);
}

/** Sizes and elements of all molecules, bond lengths of those that are shown. */
function distributionsOf({ evaluation, molecules }: GalleryContent): Distributions {
  const counter = structureCounter();
  for (const molecule of molecules) counter.add(molecule, molecule.bonds ?? []);
  return { sizes: evaluation.sizes, atomTypes: evaluation.elements, structure: counter.histograms() };
}

function chainPayload(chain: readonly Molecule[], caption: string): Payload["chain"] {
  const frames = chain.map(({ atomicNumbers, positions, bonds = [] }) => ({
    elements: Array.from(atomicNumbers, symbolOf),
    positions: Array.from(positions, (x) => Math.round(1000 * x)),
    bonds: bonds.flatMap(({ i, j, order }) => [i, j, order]),
  }));
  return { caption, frames, view: quaternion(flattestView(chain[chain.length - 1])) };
}

/** The rotation as a quaternion x, y, z, w (Shepperd 1978: divide by the largest of the four). */
function quaternion(view: View): number[] {
  const [[a, b, c], [d, e, f], [g, h, i]] = view;
  const squares = [1 + a - e - i, 1 - a + e - i, 1 - a - e + i, 1 + a + e + i];
  const largest = squares.indexOf(Math.max(...squares));
  const row = [
    [squares[0], b + d, g + c, h - f],
    [b + d, squares[1], f + h, c - g],
    [g + c, f + h, squares[2], d - b],
    [h - f, c - g, d - b, squares[3]],
  ][largest];
  const length = Math.hypot(...row);
  return row.map((x) => Number((x / length).toFixed(5)));
}

/** 3Dmol.js with its licence, which asks to be kept with it. */
function viewerLibrary(): string {
  const minified = createRequire(import.meta.url).resolve("3dmol/build/3Dmol-min.js");
  const licence = readFileSync(join(dirname(minified), "..", "LICENSE"), "utf8");
  return `/*\n${licence.replaceAll("*/", "* /")}*/\n${readFileSync(minified, "utf8")}`.replaceAll("\r", "");
}

/** A part of the page. They stay in src, which the package ships: compiled files find them there too. */
const asset = (name: string): string =>
  readFileSync(new URL(`../../src/views/gallery/${name}`, import.meta.url), "utf8").replaceAll("\r", "");

const hashOf = (script: string): string => `'sha256-${createHash("sha256").update(script).digest("base64")}'`;
