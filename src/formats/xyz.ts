/**
 * Plain XYZ: number of atoms, comment, then a symbol (or atomic number) and three coordinates in Å for each
 * atom. Further columns are passed over, for the format gives them no meaning. Holds positions, elements and a
 * one-line name; bonds, charges, forces and properties need extended XYZ or SDF.
 */

import { symbolOf } from "../chem/elements.ts";
import type { Molecule } from "../chem/molecule.ts";
import { InputError } from "../errors.ts";
import type { LineReader } from "./lines.ts";
import { formatReal } from "./numbers.ts";
import { type Frame, nextFrame, parseCoordinate, parseElement, splitFields } from "./xyz-frame.ts";

/** Every frame of a plain XYZ text in turn. */
export async function* readXyz(lines: LineReader, maxAtoms: number): AsyncGenerator<Molecule> {
  for (;;) {
    const frame = await nextFrame(lines, maxAtoms);
    if (frame === undefined) return;
    const [comment] = frame.lines;
    yield { ...(comment.trim() === "" ? {} : { name: comment }), ...parseAtoms(frame) };
  }
}

/** Elements and positions of the first four columns. */
export function parseAtoms(frame: Frame): Pick<Molecule, "atomicNumbers" | "positions"> {
  const { atoms, lines, countLine, file } = frame;
  const atomicNumbers = new Uint8Array(atoms);
  const positions = new Float64Array(3 * atoms); // [N, 3]
  const bounds = new Int32Array(8);
  for (let a = 0; a < atoms; a++) {
    const line = lines[1 + a];
    const lineNumber = countLine + 2 + a;
    const fields = splitFields(line, bounds);
    if (fields < 4) throw shortLine(frame, a, fields);
    atomicNumbers[a] = parseElement(line.slice(bounds[0], bounds[1]), { file, line: lineNumber });
    for (let d = 0; d < 3; d++) {
      const f = 2 + 2 * d;
      positions[3 * a + d] = parseCoordinate(line, bounds[f], bounds[f + 1], file, lineNumber);
    }
  }
  return { atomicNumbers, positions };
}

/** The error of an atom line with too few columns. */
function shortLine({ atoms, countLine, file }: Frame, a: number, fields: number): InputError {
  return new InputError(
    `atom ${a + 1} of ${atoms}: expected an element and three coordinates, found ${fields} column${fields === 1 ? "" : "s"}; ` +
      `is the number of atoms on line ${countLine} too large?`,
    { file, line: countLine + 2 + a },
  );
}

/** One frame of plain XYZ, coordinates in the shortest digits that read back as the same double. */
export function formatXyz(molecule: Molecule): string {
  const { atomicNumbers, positions, name = "" } = molecule;
  if (/[\r\n]/.test(name))
    throw new InputError(`the name ${JSON.stringify(name)} does not fit on the comment line of XYZ`);
  let text = `${atomicNumbers.length}\n${name}\n`;
  for (let a = 0; a < atomicNumbers.length; a++) {
    const x = formatReal(positions[3 * a]);
    const y = formatReal(positions[3 * a + 1]);
    const z = formatReal(positions[3 * a + 2]);
    text += `${symbolOf(atomicNumbers[a])} ${x} ${y} ${z}\n`;
  }
  return text;
}
