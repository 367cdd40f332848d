import { describe, expect, test } from "vitest";
import { withBonds } from "../../src/chem/bond-orders.ts";
import { moleculeStrip } from "../../src/views/strip.ts";
import { ETHENE, methane, WATER } from "../chem/molecules.ts";

const cell = (caption: string, molecule = WATER) => ({ molecule: withBonds(molecule, "qm9"), caption });

describe("a strip of molecules", () => {
  const svg = moleculeStrip([[cell("α 60"), cell("<b>", ETHENE)], [cell("c", methane())]], "a & b");

  test("draws every atom once in its element's colours, and a caption below each molecule", () => {
    expect(svg.match(/<circle /g)).toHaveLength(3 + 6 + 5);
    for (const symbol of ["H", "C", "O"]) expect(svg).toContain(`<radialGradient id="g-${symbol}"`);
    expect(svg.match(/<text /g)).toHaveLength(3);
    expect(svg).toContain(">α 60</text>");
  });

  test("is as wide as its longest row and as high as its rows, and takes no text as markup", () => {
    expect(svg).toContain('viewBox="0 0 260 252"');
    expect(svg).toContain("&lt;b&gt;");
    expect(svg).toContain("<title>a &amp; b</title>");
  });

  test("needs nothing from elsewhere", () => {
    expect(svg).not.toMatch(/var\(|href|url\((?!#)/);
  });

  test("of nothing is an empty picture", () => expect(moleculeStrip([], "none")).toContain("<svg"));
});
