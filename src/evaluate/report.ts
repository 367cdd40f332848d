/** The report card of a terminal: every number with its counts, the rule and the reference by name. */

import colors from "picocolors";
import type { Evaluation, Share } from "./metrics.ts";

const RULE_NAMES: Readonly<Record<Evaluation["rule"], string>> = {
  qm9: "bond rule qm9 (EDM, H C N O F)",
  geom: "bond rule geom (EDM, 16 elements)",
  mixed: "bond rules qm9 and geom, by molecule",
};

/** About 16 lines of text, aligned for a fixed-width font, without a line end after the last. */
export function reportCard(evaluation: Evaluation, options: { readonly colour?: boolean } = {}): string {
  const { bold, dim, green, yellow, red } = colors.createColors(options.colour ?? false);
  const { geometry, distances } = evaluation;
  const rows: readonly (readonly [string, Share, string])[] = [
    ["atoms stable", evaluation.atomStable, ""],
    ["molecules stable", evaluation.moleculeStable, ""],
    ["valid", evaluation.valid, "sanitized by RDKit"],
    ["unique", evaluation.unique, "of the valid"],
    ...(evaluation.novel === undefined || distances === undefined
      ? []
      : [
          [
            "novel",
            evaluation.novel,
            `of the unique; reference: ${number(distances.molecules)} molecules`,
          ] as const,
        ]),
    ["connected", evaluation.connected, "one piece"],
    ["bond lengths", geometry.bondLengths, "within 25 % of covalent radii"],
    ["bond angles", geometry.bondAngles, "1,3-distances within 25 % of ideal"],
    ["no clashes", geometry.noClashes, "contacts over 70 % of van der Waals"],
    ["no overlaps", geometry.noOverlap, "no atoms nearer than 0.5 Å"],
    ["geometry, all of it", geometry.passesAll, "connected, too"],
  ];
  const labelWidth = Math.max(...rows.map(([label]) => label.length));
  const countWidth = Math.max(...rows.map(([, { of }]) => number(of).length));
  const grade = ({ fraction }: Share, text: string): string => {
    if (fraction === null) return dim(text);
    return fraction >= 0.95 ? green(text) : fraction >= 0.5 ? yellow(text) : red(text);
  };
  const lines = rows.map(([label, value, note]) => {
    const counts = `${number(value.count).padStart(countWidth)} of ${number(value.of).padStart(countWidth)}`;
    const line = `  ${label.padEnd(labelWidth)}  ${grade(value, percent(value.fraction).padStart(8))}   ${counts}`;
    return note === "" ? line : `${line}   ${dim(note)}`;
  });
  const heading = `${number(evaluation.molecules)} molecules, ${number(evaluation.atoms)} atoms`;
  lines.unshift(`${bold(heading)}   ${dim(RULE_NAMES[evaluation.rule])}`);
  lines.push(`  elements  ${composition(evaluation.elements)}`);
  if (distances !== undefined) {
    lines.push(
      `  distance to the reference  atom types ${decimal(distances.atomTypesTotalVariation)}, ` +
        `sizes ${decimal(distances.sizesTotalVariation)} (total variation); ` +
        `sizes ${decimal(distances.sizesWasserstein)} atoms (Wasserstein)`,
    );
  }
  const unknown = Object.entries(evaluation.unsupportedElements);
  if (unknown.length > 0) {
    const list = unknown.map(([symbol, count]) => `${symbol} ${number(count)}`).join(", ");
    lines.push(yellow(`  atoms the bond rule does not know, never stable: ${list}`));
  }
  if (evaluation.validityUnchecked > 0) {
    lines.push(
      yellow(
        `  too large for RDKit, counted as not valid: ${number(evaluation.validityUnchecked)} molecules`,
      ),
    );
  }
  return lines.join("\n");
}

const number = (value: number): string => value.toLocaleString("en-US");
const percent = (fraction: number | null): string =>
  fraction === null ? "–" : `${(100 * fraction).toFixed(2)} %`;
const decimal = (value: number | null): string => (value === null ? "–" : value.toFixed(3));

function composition(elements: Readonly<Record<string, number>>): string {
  const atoms = Object.values(elements).reduce((sum, count) => sum + count, 0);
  const shares = Object.entries(elements).sort(([, a], [, b]) => b - a);
  return (
    shares.map(([symbol, count]) => `${symbol} ${((100 * count) / atoms).toFixed(1)} %`).join("  ") || "none"
  );
}
