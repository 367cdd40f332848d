import { describe, expect, it } from "vitest";
import { buildReference, evaluateMolecules } from "../../src/evaluate/metrics.ts";
import { reportCard } from "../../src/evaluate/report.ts";
import { methane, molecule, WATER } from "../chem/molecules.ts";

describe("the report card", () => {
  it("shows every measure with its counts, the rule and the reference, in columns, without colour by default", async () => {
    const reference = await buildReference([methane()]);
    const card = reportCard(await evaluateMolecules([methane(), WATER, molecule("C 0 0 0")], { reference }));
    const lines = card.split("\n");
    expect(lines[0]).toBe("3 molecules, 9 atoms   bond rule qm9 (EDM, H C N O F)");
    expect(card).toContain("molecules stable      66.67 %   2 of 3");
    expect(card).toContain("molecules, our rule   66.67 %   2 of 3   stability as closed shells");
    expect(card).toContain("novel                 66.67 %   2 of 3   of the unique; reference: 1 molecules");
    expect(card).toContain("elements             H 66.7 %  C 22.2 %  O 11.1 %");
    expect(card).not.toContain("\u001b");
    expect(new Set(lines.slice(1, 14).map((line) => line.indexOf("%"))).size).toBe(1);
    expect(lines.length).toBeLessThanOrEqual(20);
  });

  it("has colour on request, and the same words", async () => {
    const evaluation = await evaluateMolecules([methane()]);
    const coloured = reportCard(evaluation, { colour: true });
    expect(coloured).toContain("\u001b[32m");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
    expect(coloured.replace(/\u001b\[\d+m/g, "")).toBe(reportCard(evaluation));
  });

  it("shows a dash for fractions of nothing", async () => {
    expect(reportCard(await evaluateMolecules([]))).toMatch(/valid +– {3}0 of 0/);
  });

  it("names what the rule does not know and what RDKit could not take", async () => {
    const large = {
      atomicNumbers: new Uint8Array(1001).fill(54),
      positions: new Float64Array(3003).map((_, k) => 9 * k),
    };
    const card = reportCard(await evaluateMolecules([large]));
    expect(card).toContain("atoms the bond rule does not know, never stable: Xe 1,001");
    expect(card).toContain("too large for RDKit, counted as not valid: 1 molecules");
  });
});
