/** Small molecules with known geometries, and ways to make arbitrary ones, for tests. */
import fc from "fast-check";
import { atomicNumberOf } from "../../src/chem/elements.ts";
import type { Molecule } from "../../src/chem/molecule.ts";
import { permutation, stream } from "../../src/math/random.ts";
import { rotationMatrix } from "../rotations.ts";

/** A molecule from lines "C 0 0 0", in Å. */
export function molecule(text: string): Molecule {
  const rows =
    text.trim() === ""
      ? []
      : text
          .trim()
          .split("\n")
          .map((line) => line.trim().split(/\s+/));
  return {
    atomicNumbers: Uint8Array.from(rows, ([symbol]) => atomicNumberOf(symbol)!),
    positions: Float64Array.from(rows.flatMap((row) => row.slice(1, 4).map(Number))),
  };
}

/** CH4 with the given bond length. */
export function methane(length = 1.09): Molecule {
  const d = length / Math.sqrt(3);
  return molecule(`C 0 0 0\nH ${d} ${d} ${d}\nH ${-d} ${-d} ${d}\nH ${-d} ${d} ${-d}\nH ${d} ${-d} ${-d}`);
}

/** C6H6 with the given C-C distance. */
export function benzene(length = 1.38): Molecule {
  const ring = (symbol: string, radius: number) =>
    Array.from({ length: 6 }, (_, k) => {
      const angle = (k * Math.PI) / 3;
      return `${symbol} ${radius * Math.cos(angle)} ${radius * Math.sin(angle)} 0`;
    }).join("\n");
  return molecule(`${ring("C", length)}\n${ring("H", length + 1.085)}`);
}

/** Water, ethene, ethyne, hydrogen cyanide, carbon monoxide and others, at about their experimental geometries. */
export const WATER = molecule("O 0 0 0\nH 0.757 0.586 0\nH -0.757 0.586 0");
export const ETHENE = molecule(`C 0 0 0.667\nC 0 0 -0.667\nH 0 0.923 1.238\nH 0 -0.923 1.238
H 0 0.923 -1.238\nH 0 -0.923 -1.238`);
export const ETHYNE = molecule("C 0 0 0.6\nC 0 0 -0.6\nH 0 0 1.66\nH 0 0 -1.66");
export const HYDROGEN_CYANIDE = molecule("H 0 0 -1.064\nC 0 0 0\nN 0 0 1.156");
export const METHYL_ISOCYANIDE = molecule(`C 0 0 -1.424\nN 0 0 0\nC 0 0 1.166
H 1.028 0 -1.788\nH -0.514 0.890 -1.788\nH -0.514 -0.890 -1.788`);

/** Ethanol near a minimum of rMD17's. */
export const ETHANOL = molecule(`C 0.068 0.47 0.213\nC -1.266 0.038 -0.306\nO 1.087 -0.467 0.141
H 0.382 1.458 -0.252\nH 0.142 0.755 1.225\nH -1.651 -0.818 0.168
H -2.017 0.837 -0.168\nH -1.109 -0.135 -1.346\nH 1.271 -0.742 -0.769`);

/** Up to 12 atoms of H C N O F in a box of 3.5 Å, so that bonds of all kinds occur. */
export const crowdedMolecule: fc.Arbitrary<Molecule> = fc
  .record({ seed: fc.nat(), atoms: fc.integer({ min: 1, max: 12 }) })
  .map(({ seed, atoms }) => {
    const random = stream({ seed, purpose: "test" });
    return {
      atomicNumbers: Uint8Array.from({ length: atoms }, () => [1, 1, 1, 6, 6, 7, 8, 9][random.integer(8)]),
      positions: Float64Array.from({ length: 3 * atoms }, () => 3.5 * random.uniform()),
    };
  });

/** The molecule turned (and mirrored for determinant −1) and moved. */
export function moved(molecule: Molecule, seed: number, determinant: 1 | -1): Molecule {
  const matrix = rotationMatrix(seed, determinant);
  const shift = stream({ seed, purpose: "test", index: 1 }).normals(new Float64Array(3));
  const { positions } = molecule;
  return {
    ...molecule,
    positions: positions.map((_, k) => {
      const atom = 3 * Math.floor(k / 3);
      const row = 3 * (k % 3);
      const [x, y, z] = positions.subarray(atom, atom + 3);
      return matrix[row] * x + matrix[row + 1] * y + matrix[row + 2] * z + 10 * shift[k % 3];
    }),
  };
}

/** The molecule with its atoms in another order, and where each of them went. */
export function shuffled(molecule: Molecule, seed: number): { molecule: Molecule; to: Uint32Array } {
  const count = molecule.atomicNumbers.length;
  const from = permutation(count, stream({ seed, purpose: "test", index: 2 }));
  const to = new Uint32Array(count);
  from.forEach((old, now) => {
    to[old] = now;
  });
  return {
    molecule: {
      atomicNumbers: Uint8Array.from(from, (old) => molecule.atomicNumbers[old]),
      positions: Float64Array.from(
        { length: 3 * count },
        (_, k) => molecule.positions[3 * from[Math.floor(k / 3)] + (k % 3)],
      ),
    },
    to,
  };
}

/** Both molecules as one, the second moved by `apart` Å along x. */
export function together(a: Molecule, b: Molecule, apart: number): Molecule {
  return {
    atomicNumbers: Uint8Array.from([...a.atomicNumbers, ...b.atomicNumbers]),
    positions: Float64Array.from([
      ...a.positions,
      ...b.positions.map((v, k) => (k % 3 === 0 ? v + apart : v)),
    ]),
  };
}
