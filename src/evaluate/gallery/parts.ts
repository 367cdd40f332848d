/** The pieces of the gallery page that are written once and do not move: cards, tiles, tables, colours. */
import { symbolOf } from "../../chem/elements.ts";
import { hillCounts, hillFormula } from "../../chem/formula.ts";
import type { Molecule } from "../../chem/molecule.ts";
import { drawMolecule, type View } from "./drawing.ts";
import { escapeHtml } from "./escape.ts";

/** What is known of one molecule beside its atoms. */
export interface MoleculeVerdict {
  readonly stable: boolean;
  readonly valid: boolean;
  readonly smiles?: string | null;
}

/** A line of the report card: a share with its counts, or a bare value. */
export interface ReportRow {
  readonly label: string;
  /** What is counted, in a few words. */
  readonly note?: string;
  readonly count?: number;
  readonly of?: number;
  readonly value?: string;
  /** Also among the large figures at the head of the page. */
  readonly headline?: boolean;
}

/** How a molecule is marked: stable ones are not always valid by RDKit, so "stable" does not imply `valid`. */
export type State = "stable" | "valid" | "broken";

export const stateOf = ({ stable, valid }: MoleculeVerdict): State =>
  stable ? "stable" : valid ? "valid" : "broken";

const MARKS: Readonly<Record<State, { readonly sign: string; readonly words: string }>> = {
  stable: { sign: "✓", words: "stable" },
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
    ["stable", "Stable", verdicts.filter(({ stable }) => stable).length],
    ["valid", "Valid", verdicts.filter(({ valid }) => valid).length],
    ["unstable", "Unstable", verdicts.filter(({ stable }) => !stable).length],
  ];
  const chips = kinds.map(
    ([name, label, count]) =>
      `<button type="button" class="chip" data-filter="${name}" aria-pressed="${name === "all"}">${label}<span>${count}</span></button>`,
  );
  return `<div class="filters" role="group" aria-label="Show">${chips.join("")}</div>`;
}

/** The large figures at the head of the page. */
export function tilesHtml(rows: readonly ReportRow[]): string {
  return rows
    .filter(({ headline }) => headline)
    .map((row) => {
      const counted = row.count !== undefined && row.of !== undefined;
      const counts = counted ? `<dd>${grouped(row.count)} of ${grouped(row.of)}</dd>` : "";
      const meter = counted
        ? `<dd class="meter" aria-hidden="true"><i style="width:${(100 * share(row)).toFixed(1)}%"></i></dd>`
        : "";
      return `<div class="tile"><dt>${escapeHtml(row.label)}</dt><dd>${escapeHtml(figure(row))}</dd>${counts}${meter}</div>`;
    })
    .join("");
}

/** The report card as tables: shares with their counts, then bare values. */
export function reportHtml(rows: readonly ReportRow[]): string {
  const line = (row: ReportRow, cells: readonly string[]) => {
    const note = row.note === undefined ? "" : `<small>${escapeHtml(row.note)}</small>`;
    return `<tr><th scope="row">${escapeHtml(row.label)}${note}</th>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
  };
  const counted = rows.filter(({ count, of }) => count !== undefined && of !== undefined);
  const valued = rows.filter((row) => !counted.includes(row));
  const tables: string[] = [];
  if (counted.length > 0) {
    const lines = counted.map((row) =>
      line(row, [figure(row), grouped(row.count ?? 0), grouped(row.of ?? 0)]),
    );
    tables.push(
      `<table><thead><tr><th scope="col">Measure</th><th scope="col">share</th><th scope="col">count</th><th scope="col">of</th></tr></thead><tbody>${lines.join("")}</tbody></table>`,
    );
  }
  if (valued.length > 0) {
    const lines = valued.map((row) => line(row, [escapeHtml(figure(row))]));
    tables.push(
      `<table><thead><tr><th scope="col">Measure</th><th scope="col">value</th></tr></thead><tbody>${lines.join("")}</tbody></table>`,
    );
  }
  return tables.join("");
}

const share = ({ count = 0, of = 0 }: ReportRow): number => (of === 0 ? 0 : count / of);

function figure(row: ReportRow): string {
  if (row.value !== undefined) return row.value;
  if (row.of === undefined) return grouped(row.count ?? 0);
  return row.of === 0 ? "–" : `${(100 * share(row)).toFixed(1)} %`;
}

const grouped = (count: number | undefined = 0): string => count.toLocaleString("en-US");

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
