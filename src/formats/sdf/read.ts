/**
 * SDF: molfiles V2000 and V3000 with data (BIOVIA "CTfile formats" 2020). Coordinates have four decimals, so positions come
 * back to 0.5e-4 Å. Charges, radicals, isotopes and marks of bonds are fields of the molecule. Data items are text: decimal
 * numbers come back as numbers, everything else as strings. A record that cannot be read ends at its $$$$.
 */

import type { Molecule } from "../../chem/molecule.ts";
import type { ReadContext } from "../frames.ts";
import type { LineReader } from "../lines.ts";
import { parseDataItems } from "./data-items.ts";
import { fail, moleculeOfTable, type SdfRecord } from "./record.ts";
import { parseV2000 } from "./v2000.ts";
import { parseV3000 } from "./v3000.ts";

/** Every record of an SDF text in turn. A molfile without the closing $$$$ is a record too. */
export async function* readSdf(lines: LineReader, { maxAtoms, log }: ReadContext): AsyncGenerator<Molecule> {
  for (let number = 1; ; number++) {
    const firstLine = lines.lineNumber();
    let title = "";
    let parsed: ReturnType<typeof parseRecord>;
    try {
      const record = await lines.takeThrough("$$$$");
      if (record.every((line) => line.trim() === "")) return;
      title = record[0].startsWith("$$$$") ? "" : record[0];
      parsed = parseRecord({ lines: record, firstLine, file: lines.file, maxAtoms, log });
    } catch (error) {
      log.mayPass(error, lines);
      log.passOver(error, number, firstLine, title);
      continue;
    }
    // A lone molfile has no $$$$; a record with data has one, and so has every record after others.
    if (!parsed.closed && (number > 1 || parsed.hasData))
      log.guess(NOT_CLOSED, { file: lines.file, line: lines.lineNumber() - 1 });
    yield parsed.molecule;
  }
}

const NOT_CLOSED = "the last record ends without $$$$; if the file was cut there, it is not whole";

function parseRecord(record: SdfRecord): {
  readonly molecule: Molecule;
  readonly closed: boolean;
  readonly hasData: boolean;
} {
  const { lines } = record;
  const counts = lines[3];
  if (counts === undefined || lines.slice(0, 4).some((line) => line.startsWith("$$$$")))
    throw fail(record, lines.length - 1, "the record ends before its counts line (the fourth)");
  const { table, end } = counts.slice(33).trim() === "V3000" ? parseV3000(record) : parseV2000(record);
  const { items, closed } = parseDataItems(record, end + 1);
  const molecule: Molecule = {
    ...(lines[0].trim() === "" ? {} : { name: lines[0] }),
    ...moleculeOfTable(table),
    ...(lines[1].slice(20, 22) === "2D" ? { dimensions: 2 } : {}),
    ...(items.size > 0 ? { properties: Object.fromEntries(items) } : {}),
  };
  return { molecule, closed, hasData: items.size > 0 };
}
