/** The pieces of the gallery page that are written once and do not move: cards, tiles, tables, colours. */
import { symbolOf } from "../../chem/elements.ts";
import { hillCounts, hillFormula } from "../../chem/formula.ts";
import type { Molecule } from "../../chem/molecule.ts";
import type { Evaluation, MoleculeVerdict, Share } from "../../evaluate/metrics.ts";
import { distanceRows, type ReportRow, RULE_NAMES, reportRows } from "../../evaluate/report.ts";
import { drawMolecule, type View } from "./drawing.ts";
import { escapeHtml } from "./escape.ts";

/**
 * How a molecule is marked: stable by the published rule, by our own only, neither but valid, not valid. Stable ones are not
 * always valid by RDKit, so "stable" does not imply `valid`.
 */
export type State = "stable" | "closed" | "valid" | "broken";

export const stateOf = ({ stable, closedShell, valid }: MoleculeVerdict): State =>
  stable ? "stable" : closedShell ? "closed" : valid ? "valid" : "broken";

const MARKS: Readonly<Record<State, { readonly sign: string; readonly words: string }>> = {
  stable: { sign: "✓", words: "stable" },
  closed: { sign: "✓", words: "stable by our rule, not by EDM's" },
  valid: { sign: "~", words: "valid, not stable" },
  broken: { sign: "×", words: "not valid" },
};

/** One molecule of the grid. */
export function cardHtml(
  molecule: Molecule,
  verdict: MoleculeVerdict | undefined,
  view: View,
  index: number,
): string {
  const state = verdict && stateOf(verdict);
  const mark =
    state === undefined ? "" : `<span class="mark ${state}" aria-hidden="true">${MARKS[state].sign}</span>`;
  const words = [
    hillFormula(molecule.atomicNumbers),
    ...(state === undefined ? [] : [MARKS[state].words]),
  ].join(", ");
  return `<li><button type="button" class="card" tabindex="-1" aria-label="Molecule ${index + 1}: ${words}">${drawMolecule(molecule, view)}${mark}<span class="formula">${formulaHtml(molecule)}</span></button></li>`;
}

function formulaHtml({ atomicNumbers }: Molecule): string {
  return hillCounts(atomicNumbers)
    .map(([symbol, count]) => (count === 1 ? symbol : `${symbol}<sub>${count}</sub>`))
    .join("");
}

/** Buttons that leave only some molecules in the grid. */
export function filtersHtml(verdicts: readonly MoleculeVerdict[]): string {
  const kinds: readonly [string, string, number][] = [
    ["all", "All", verdicts.length],
    ["stable", "Stable (EDM)", verdicts.filter(({ stable }) => stable).length],
    ["closed", "Stable (ours)", verdicts.filter(({ closedShell }) => closedShell).length],
    ["valid", "Valid", verdicts.filter(({ valid }) => valid).length],
    ["unstable", "Unstable", verdicts.filter(({ stable, closedShell }) => !stable && !closedShell).length],
  ];
  const chips = kinds.map(
    ([name, label, count]) =>
      `<button type="button" class="chip" data-filter="${name}" aria-pressed="${name === "all"}">${label}<span>${count}</span></button>`,
  );
  return `<div class="filters" role="group" aria-label="Show">${chips.join("")}</div>`;
}

/** The published measures as large figures at the head of the page. */
export function tilesHtml(evaluation: Evaluation): string {
  return reportRows(evaluation)
    .filter(({ published }) => published)
    .map(({ label, share }) => {
      const meter = `<dd class="meter" aria-hidden="true"><i style="width:${(100 * (share.fraction ?? 0)).toFixed(1)}%"></i></dd>`;
      return `<div class="tile"><dt>${capital(label)}</dt><dd>${percent(share)}</dd><dd class="counts">${grouped(share.count)} of ${grouped(share.of)}</dd>${meter}</div>`;
    })
    .join("");
}

/** The report card as a table, and the distances to the reference as another. */
export function reportHtml(evaluation: Evaluation): string {
  const rows = reportRows(evaluation).map((row) =>
    line(row, [percent(row.share), grouped(row.share.count), grouped(row.share.of)]),
  );
  const caption = `${grouped(evaluation.molecules)} molecules, ${grouped(evaluation.atoms)} atoms; ${RULE_NAMES[evaluation.rule]}`;
  const tables = [table(caption, ["Measure", "share", "count", "of"], rows)];
  const distances = distanceRows(evaluation);
  if (distances.length > 0) {
    const cells = distances.map(({ label, value }) => line({ label, note: "" }, [escapeHtml(value)]));
    tables.push(
      table("Distances to the training data, 0 for equal distributions", ["Measure", "distance"], cells),
    );
  }
  return tables.join("");
}

const table = (caption: string, heads: readonly string[], rows: readonly string[]): string =>
  `<table><caption>${escapeHtml(caption)}</caption><thead><tr>${heads
    .map((head) => `<th scope="col">${head}</th>`)
    .join("")}</tr></thead><tbody>${rows.join("")}</tbody></table>`;

function line({ label, note }: Pick<ReportRow, "label" | "note">, cells: readonly string[]): string {
  const small = note === "" ? "" : `<small>${escapeHtml(note)}</small>`;
  return `<tr><th scope="row">${capital(escapeHtml(label))}${small}</th>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
}

const percent = ({ fraction }: Share): string =>
  fraction === null ? "–" : `${(100 * fraction).toFixed(1)} %`;

const grouped = (count: number): string => count.toLocaleString("en-US");

const capital = (label: string): string => label.charAt(0).toUpperCase() + label.slice(1);

/** The controls of the denoising film. */
export const filmHtml = (frames: number): string =>
  `<div class="film" id="film" hidden><button type="button" class="action" id="play">Play</button><input type="range" id="scrub" min="0" max="${frames - 1}" value="0" step="1" aria-label="Frame of the denoising"><output id="step"></output></div>`;

/** Elements that have a colour of their own in page.css; all others are drawn in that of `--other`. */
const COLOURED: ReadonlySet<string> = new Set("H C N O F P S Cl Br I B Si".split(" "));

function elementsOf(molecules: readonly Molecule[]): string[] {
  const numbers = new Set(molecules.flatMap(({ atomicNumbers }) => [...atomicNumbers]));
  return [...numbers].sort((a, b) => a - b).map(symbolOf);
}

/** Style rules for the atoms and bonds of the drawings. */
export const elementStyles = (molecules: readonly Molecule[]): string =>
  elementsOf(molecules)
    .map(
      (symbol) =>
        `circle.e-${symbol}{fill:url(#g-${symbol})}path.e-${symbol}{stroke:var(${colourOf(symbol)})}`,
    )
    .join("\n");

/** Gradients that make a disc look like a ball. */
export const elementGradients = (molecules: readonly Molecule[]): string =>
  elementsOf(molecules)
    .map((symbol) => {
      const colour = `var(${colourOf(symbol)})`;
      const light = `color-mix(in srgb, ${colour} 45%, white)`;
      const dark = `color-mix(in srgb, ${colour} 78%, black)`;
      return `<radialGradient id="g-${symbol}" cx="0.35" cy="0.32" r="0.75"><stop offset="0" style="stop-color:${light}"/><stop offset="0.45" style="stop-color:${colour}"/><stop offset="1" style="stop-color:${dark}"/></radialGradient>`;
    })
    .join("");

const colourOf = (symbol: string): string => (COLOURED.has(symbol) ? `--${symbol}` : "--other");
