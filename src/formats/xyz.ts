/**
 * Plain XYZ: number of atoms, comment, then a symbol (or atomic number) and three coordinates in Å for each
 * atom. Further columns are passed over, for the format gives them no meaning. Holds positions, elements and a
 * one-line name, of isotopes D and T; bonds, charges, forces and properties need extended XYZ or SDF.
 */

import { symbolOf } from "../chem/elements.ts";
import type { Molecule } from "../chem/molecule.ts";
import { InputError } from "../errors.ts";
import { type ReadContext, readFrames } from "./frames.ts";
import { elementsOf, isotopesOf, setElement } from "./labels.ts";
import type { LineReader } from "./lines.ts";
import { formatReal } from "./numbers.ts";
import type { RecordLog } from "./records.ts";
import { type Frame, parseCoordinate, splitFields } from "./xyz-frame.ts";

/** Every frame of a plain XYZ text in turn. */
export const readXyz = (lines: LineReader, context: ReadContext): AsyncGenerator<Molecule> =>
  readFrames(lines, context, (frame) => {
    const [comment] = frame.lines;
    return { ...(comment.trim() === "" ? {} : { name: comment }), ...parseAtoms(frame, context.log) };
  });

/** Elements and positions of the first four columns. */
export function parseAtoms(
  frame: Frame,
  log: RecordLog,
): Pick<Molecule, "atomicNumbers" | "positions" | "isotopes"> {
  const { atoms, lines, countLine, file } = frame;
  const elements = elementsOf(atoms);
  const positions = new Float64Array(3 * atoms); // [N, 3]
  const bounds = new Int32Array(8);
  for (let a = 0; a < atoms; a++) {
    const line = lines[1 + a];
    const lineNumber = countLine + 2 + a;
    const fields = splitFields(line, bounds);
    if (fields < 4) throw shortLine(frame, a, fields);
    setElement(elements, a, line.slice(bounds[0], bounds[1]), { file, line: lineNumber }, log);
    for (let d = 0; d < 3; d++) {
      const f = 2 + 2 * d;
      positions[3 * a + d] = parseCoordinate(line, bounds[f], bounds[f + 1], file, lineNumber);
    }
  }
  return { atomicNumbers: elements.atomicNumbers, positions, ...isotopesOf(elements) };
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
  const { atomicNumbers, positions, isotopes, name = "" } = molecule;
  if (/[\r\n]/.test(name))
    throw new InputError(`the name ${JSON.stringify(name)} does not fit on the comment line of XYZ`);
  let text = `${atomicNumbers.length}\n${name}\n`;
  for (let a = 0; a < atomicNumbers.length; a++) {
    const x = formatReal(positions[3 * a]);
    const y = formatReal(positions[3 * a + 1]);
    const z = formatReal(positions[3 * a + 2]);
    text += `${labelOf(atomicNumbers[a], isotopes?.[a])} ${x} ${y} ${z}\n`;
  }
  return text;
}

/** The symbol, D and T for the heavy isotopes of hydrogen; other isotopes have none. */
const labelOf = (z: number, isotope: number | undefined): string =>
  z === 1 && isotope === 2 ? "D" : z === 1 && isotope === 3 ? "T" : symbolOf(z);
