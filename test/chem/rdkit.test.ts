import { describe, expect, it } from "vitest";
import { atomicNumberOf } from "../../src/chem/elements.ts";
import type { Bond, Molecule } from "../../src/chem/molecule.ts";
import { loadRdkit, RdkitOverflow, sanitizedSmiles, sanitizes } from "../../src/chem/rdkit.ts";
import { shuffled } from "./molecules.ts";

/** A graph from symbols and bonds "012": atoms 0 and 1, order 2. */
function graph(symbols: string, bondTexts: string): { molecule: Molecule; bonds: Bond[] } {
  const atomicNumbers = Uint8Array.from(symbols.split(" "), (symbol) => atomicNumberOf(symbol)!);
  const bonds = bondTexts
    .split(" ")
    .filter((text) => text !== "")
    .map((text) => ({ i: Number(text[0]), j: Number(text[1]), order: Number(text[2]) as Bond["order"] }));
  return { molecule: { atomicNumbers, positions: new Float64Array(3 * atomicNumbers.length) }, bonds };
}

const chain = (length: number) => ({
  molecule: { atomicNumbers: new Uint8Array(length).fill(6), positions: new Float64Array(3 * length) },
  bonds: Array.from({ length: length - 1 }, (_, i): Bond => ({ i, j: i + 1, order: 1 })),
});

// Results of Python RDKit 2022.09.3 (Chem.RWMol, SanitizeMol, GetMolFrags, MolToSmiles) for the same graphs: QM9
// molecules with noise on their positions, some with other elements put in.
const GOLDEN: readonly (readonly [symbols: string, bonds: string, smiles: string | null])[] = [
  ["O H H", "011 021", "[H]O[H]"],
  ["O C C O H H", "121 141 231 251", "[H]CC([H])O"],
  ["C C O C C H H H H", "011 061 071 121 131 341 481", "[H]CCC(O)C([H])[H]"],
  ["N C O C C H H H", "011 051 061 122 131 343 471", "[H]C#CC(=O)N([H])[H]"],
  ["C C C C O H H H H", "011 051 121 231 241 261 341 371 381", "[H]CCC1([H])OC1([H])[H]"],
  ["N C C C O H H H", "013 121 231 241 251 341 361 371", "[H]C1([H])OC1([H])C#N"],
  ["O C C C O H H H H", "013 122 231 241 261 381", null],
  ["O C C O C N H H H", "012 121 152 232 341 451 481", null],
  ["O C C C C C H H", "011 121 141 233 361", "[H]C#CC(C)O"],
  ["C C C C N N", "013 031 121 243 353", "N#CC#CC#N"],
  ["N C C O N N H H H", "061 071 123 281 342", "[H]N[H]"],
  ["N C N C N O H H H", "011 061 071 122 151 231 342 381 451", "[H]c1noc(N([H])[H])n1"],
  ["O C N N N N H H", "012 121 151 231 261 342 451 571", "[H]n1nnn([H])c1=O"],
  ["O C C N N N H H H", "011 061 122 152 231 271 341 381 451", null],
  ["N C C N O Hg C H H", "012 122 231 262 341 681", null],
  ["N C O C O O N N H", "012 081 121 171 231 342 351 672", "[H]N=C(N=N)OC(=O)O"],
];

describe("sanitized SMILES", () => {
  it("are those of Python RDKit, and null where it refuses", async () => {
    const rdkit = await loadRdkit();
    for (const [symbols, bonds, smiles] of GOLDEN) {
      const { molecule, bonds: list } = graph(symbols, bonds);
      expect(sanitizedSmiles(rdkit, molecule, list), symbols).toBe(smiles);
    }
  });

  it("do not depend on the order of the atoms", async () => {
    const rdkit = await loadRdkit();
    for (const [symbols, bondTexts, smiles] of GOLDEN.filter(([, , one]) => one !== "[H]N[H]")) {
      const { molecule, bonds } = graph(symbols, bondTexts);
      for (let seed = 0; seed < 5; seed++) {
        const { molecule: other, to } = shuffled(molecule, seed);
        const renamed = bonds.map(({ i, j, order }) => ({ i: to[i], j: to[j], order }));
        expect(sanitizedSmiles(rdkit, other, renamed)).toBe(smiles);
      }
    }
  });

  it("are of the largest fragment, of the first among equals, or of the whole on request", async () => {
    const rdkit = await loadRdkit();
    const { molecule, bonds } = graph("O C C N C", "121 341");
    expect(sanitizedSmiles(rdkit, molecule, bonds)).toBe("CC");
    expect(sanitizedSmiles(rdkit, molecule, bonds, "whole")).toBe("CC.CN.O");
    const swapped = graph("O N C C C", "121 341");
    expect(sanitizedSmiles(rdkit, swapped.molecule, swapped.bonds)).toBe("CN");
  });

  it("take under-valent atoms as if hydrogens were left out, as the published code does", async () => {
    const rdkit = await loadRdkit();
    const methyl = graph("C H H H", "011 021 031");
    expect(sanitizedSmiles(rdkit, methyl.molecule, methyl.bonds)).toBe("[H]C([H])[H]");
    const atom = graph("H", "");
    expect(sanitizedSmiles(rdkit, atom.molecule, atom.bonds)).toBe("[HH]");
  });

  it("of a molecule without atoms are none", async () => {
    const nothing = { atomicNumbers: new Uint8Array(), positions: new Float64Array() };
    expect(sanitizedSmiles(await loadRdkit(), nothing, [])).toBeNull();
  });

  it("of a tangle where every atom is bonded to every other are refused at once", async () => {
    const rdkit = await loadRdkit();
    const bonds: Bond[] = [];
    for (let j = 0; j < 60; j++) for (let i = 0; i < j; i++) bonds.push({ i, j, order: 1 });
    const tangle = { atomicNumbers: new Uint8Array(60).fill(7), positions: new Float64Array(180) };
    const started = performance.now();
    expect(sanitizedSmiles(rdkit, tangle, bonds)).toBeNull();
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it("free what they allocate: 3,000 molecules leave the memory where it was", async () => {
    const rdkit = await loadRdkit();
    const { molecule, bonds } = chain(40);
    const run = (times: number) => {
      for (let k = 0; k < times; k++) sanitizedSmiles(rdkit, molecule, bonds);
      return process.memoryUsage().external;
    };
    const before = run(200);
    expect(run(3000) - before).toBeLessThan(8e6);
  });

  it("fail with RdkitOverflow where RDKit's stack ends, and the next RDKit works again", async () => {
    const long = chain(900);
    const rdkit = await loadRdkit();
    expect(() => sanitizedSmiles(rdkit, long.molecule, long.bonds)).toThrow(RdkitOverflow);
    const next = await loadRdkit();
    expect(next).not.toBe(rdkit);
    const short = chain(300);
    expect(sanitizedSmiles(next, short.molecule, short.bonds)).toBe("C".repeat(300));
    const endless = chain(2000);
    expect(() => sanitizedSmiles(next, endless.molecule, endless.bonds)).toThrow(/2000 atoms/);
    expect(await loadRdkit()).toBe(next);
  });
});

describe("whether a molblock sanitizes", () => {
  const block = (charge: string) => `
  test

  5  4  0  0  0  0  0  0  0  0999 V2000
    0.0000    0.0000    0.0000 N   0  0
    1.0000    0.0000    0.0000 H   0  0
   -1.0000    0.0000    0.0000 H   0  0
    0.0000    1.0000    0.0000 H   0  0
    0.0000   -1.0000    0.0000 H   0  0
  1  2  1  0
  1  3  1  0
  1  4  1  0
  1  5  1  0
${charge}M  END
`;

  it("depends on the formal charges", async () => {
    const rdkit = await loadRdkit();
    expect(sanitizes(rdkit, block("M  CHG  1   1   1\n"))).toBe(true);
    expect(sanitizes(rdkit, block(""))).toBe(false);
  });
});
