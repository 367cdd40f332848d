import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatXyz } from "../../src/formats/xyz.ts";
import { atoms, coordinate, lineOfText, readText } from "./molecules.ts";

describe("XYZ", () => {
  it("loses nothing of elements, positions and name", async () => {
    const molecule = fc
      .tuple(
        atoms(coordinate),
        fc.option(
          lineOfText.filter((name) => name.trim() !== ""),
          { nil: undefined },
        ),
      )
      .map(([rest, name]) => ({ ...(name === undefined ? {} : { name }), ...rest }));
    await fc.assert(
      fc.asyncProperty(fc.array(molecule, { minLength: 1, maxLength: 4 }), async (molecules) => {
        expect(await readText(molecules.map(formatXyz).join(""), "xyz")).toEqual(molecules);
      }),
    );
  });

  it("takes symbols and atomic numbers, tabs, D exponents, further columns and blank lines between frames", async () => {
    const [first, second] = await readText(
      "\n2\nwater, partly\n O\t0 0 1.5D0 7 \n1 0.0 .5 -1.\n\n \n1\n\nCl 1e-3 0 0\n\n",
      "xyz",
    );
    expect(first).toEqual({
      name: "water, partly",
      atomicNumbers: Uint8Array.of(8, 1),
      positions: Float64Array.of(0, 0, 1.5, 0, 0.5, -1),
    });
    expect(second).toEqual({ atomicNumbers: Uint8Array.of(17), positions: Float64Array.of(0.001, 0, 0) });
  });

  it("takes two atoms at the same place, for that is for evaluation to count", async () => {
    const [molecule] = await readText("2\n\nH 0 0 0\nH 0 0 0\n", "xyz");
    expect(molecule.atomicNumbers.length).toBe(2);
  });

  it("cannot hold a name of two lines, and says so", () => {
    const molecule = { name: "a\nb", atomicNumbers: Uint8Array.of(1), positions: new Float64Array(3) };
    expect(() => formatXyz(molecule)).toThrow(/comment line/);
  });
});
