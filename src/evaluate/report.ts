/** The report card: every number with its counts, the rule and the reference by name; as rows and as text. */

import colors from "picocolors";
import type { Evaluation, Share } from "./metrics.ts";

/** What each rule is called. */
export const RULE_NAMES: Readonly<Record<Evaluation["rule"], string>> = {
  qm9: "bond rule qm9 (EDM, H C N O F)",
  geom: "bond rule geom (EDM, 16 elements)",
  mixed: "bond rules qm9 and geom, by molecule",
};

/** A measure with its counts. */
export interface ReportRow {
  readonly label: string;
  readonly share: Share;
  /** What is counted, in a few words; may be empty. */
  readonly note: string;
  /** One of the numbers that papers print. */
  readonly published: boolean;
}

/** The measures of a report card in the order they are shown. */
export function reportRows(evaluation: Evaluation): ReportRow[] {
  const { geometry, novel, distances } = evaluation;
  const row = (label: string, share: Share, note: string, published = false): ReportRow => ({
    label,
    share,
    note,
    published,
  });
  const rows = [
    row(
      "atoms stable",
      evaluation.atomStable,
      "published rule (EDM), blind to aromatic rings and charges",
      true,
    ),
    row("molecules stable", evaluation.moleculeStable, "published rule (EDM)", true),
    row("valid", evaluation.valid, "sanitized by RDKit", true),
    row("unique", evaluation.unique, "of the valid", true),
  ];
  if (novel !== undefined && distances !== undefined) {
    rows.push(
      row("novel", novel, `of the unique; reference: ${number(distances.molecules)} molecules`, true),
    );
  }
  const { closedShell } = evaluation;
  return [
    ...rows,
    row("atoms, our rule", closedShell.atoms, "stability as closed shells: any Kekulé form, charges"),
    row("molecules, our rule", closedShell.molecules, "stability as closed shells"),
    row("connected", evaluation.connected, "one piece"),
    row("bond lengths", geometry.bondLengths, "within 25 % of covalent radii"),
    row("bond angles", geometry.bondAngles, "1,3-distances within 25 % of ideal"),
    row("no clashes", geometry.noClashes, "contacts over 70 % of van der Waals"),
    row("no overlaps", geometry.noOverlap, "no atoms nearer than 0.5 Å"),
    row("geometry, all of it", geometry.passesAll, "connected, too"),
  ];
}

/** The distances to the reference with their names and units. */
export function distanceRows(evaluation: Evaluation): { readonly label: string; readonly value: string }[] {
  const { distances } = evaluation;
  if (distances === undefined) return [];
  const shares = Object.entries(distances.elementShares)
    .map(([symbol, difference]) => `${symbol} ${signed(100 * difference)}`)
    .join(" ");
  return [
    { label: "element shares less its own, points:", value: shares || "–" },
    {
      label: "radius of gyration",
      value: distances.radiusOfGyration === null ? "–" : `${signed(100 * distances.radiusOfGyration)} %`,
    },
    {
      label: "smallest rings, Jensen–Shannon",
      value: `${decimal(distances.smallestRingsJensenShannon)} bits`,
    },
    { label: "atom types, total variation", value: decimal(distances.atomTypesTotalVariation) },
    { label: "sizes, total variation", value: decimal(distances.sizesTotalVariation) },
    { label: "sizes, Wasserstein", value: `${decimal(distances.sizesWasserstein)} atoms` },
    { label: "bond lengths, Jensen–Shannon", value: `${decimal(distances.bondLengthsJensenShannon)} bits` },
    { label: "bond angles, Jensen–Shannon", value: `${decimal(distances.bondAnglesJensenShannon)} bits` },
    {
      label: "pair distances, Jensen–Shannon",
      value: `${decimal(distances.pairDistancesJensenShannon)} bits`,
    },
  ];
}

/** About 16 lines of text, aligned for a fixed-width font, without a line end after the last. */
export function reportCard(evaluation: Evaluation, options: { readonly colour?: boolean } = {}): string {
  const { bold, dim, green, yellow, red } = colors.createColors(options.colour ?? false);
  const rows = reportRows(evaluation);
  const labelWidth = Math.max(...rows.map(({ label }) => label.length));
  const countWidth = Math.max(...rows.map(({ share }) => number(share.of).length));
  const grade = ({ fraction }: Share, text: string): string => {
    if (fraction === null) return dim(text);
    return fraction >= 0.95 ? green(text) : fraction >= 0.5 ? yellow(text) : red(text);
  };
  const lines = rows.map(({ label, share: value, note }) => {
    const counts = `${number(value.count).padStart(countWidth)} of ${number(value.of).padStart(countWidth)}`;
    const line = `  ${label.padEnd(labelWidth)}  ${grade(value, percent(value.fraction).padStart(8))}   ${counts}`;
    return note === "" ? line : `${line}   ${dim(note)}`;
  });
  const heading = `${number(evaluation.molecules)} molecules, ${number(evaluation.atoms)} atoms`;
  lines.unshift(`${bold(heading)}   ${dim(RULE_NAMES[evaluation.rule])}`);
  lines.push(`  ${"elements".padEnd(labelWidth)}  ${composition(evaluation.elements)}`);
  const distances = distanceRows(evaluation).map(({ label, value }) => `${label} ${value}`);
  for (let k = 0; k < distances.length; k += 2) {
    const label = (k === 0 ? "from reference" : "").padEnd(labelWidth);
    lines.push(`  ${label}  ${distances.slice(k, k + 2).join("; ")}`);
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
const signed = (value: number): string => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
const decimal = (value: number | null): string => (value === null ? "–" : value.toFixed(4));

function composition(elements: Readonly<Record<string, number>>): string {
  const atoms = Object.values(elements).reduce((sum, count) => sum + count, 0);
  const shares = Object.entries(elements).sort(([, a], [, b]) => b - a);
  return (
    shares.map(([symbol, count]) => `${symbol} ${((100 * count) / atoms).toFixed(1)} %`).join("  ") || "none"
  );
}
