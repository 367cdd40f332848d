/** Points of one's own: a text file with one point in each line, numbers apart by commas, semicolons or spaces. */
import { createHash } from "node:crypto";
import { basename, extname, resolve } from "node:path";
import { InputError, printable } from "../../errors.ts";
import { permutation, stream } from "../../math/random.ts";
import { readText } from "../../platform/node/file-bytes.ts";
import { type LabData, validationRows } from "./lab-data.ts";
import type { LabDataSettings } from "./settings.ts";

/**
 * The rows, shifted to mean zero and scaled by one number to a mean variance of 1; a tenth of them, at most
 * `settings.test`, is for tests, and as many for validation.
 * @throws InputError naming the line that is wrong, for fewer than 10 points and for one point repeated
 */
export async function readPoints(file: string, settings: LabDataSettings): Promise<LabData> {
  const text = await readText(file);
  const rows = parseRows(text, file);
  const [n, D] = [rows.length, rows[0]?.length ?? 0];
  if (n < 10) throw new InputError(`has ${n} points; at least 10 are needed`, { file });
  const shift = Array.from({ length: D }, (_, d) => rows.reduce((sum, row) => sum + row[d], 0) / n);
  const variance =
    rows.reduce((sum, row) => sum + row.reduce((s, x, d) => s + (x - shift[d]) ** 2, 0), 0) / (n * D);
  if (!(variance > 0))
    throw new InputError(`all ${n} points are the same; there is no density to learn`, { file });
  const scale = Math.sqrt(variance);
  const order = permutation(n, stream({ seed: settings.seed, purpose: "split" }));
  const tested = Math.min(settings.test, Math.ceil(n / 10));
  const held = tested + validationRows(settings.test, n);
  const standard = (indices: Uint32Array): Float32Array =>
    Float32Array.from([...indices].flatMap((i) => rows[i].map((x, d) => (x - shift[d]) / scale)));
  return {
    name: basename(file, extname(file)),
    source: resolve(file),
    shape: { kind: "points", dimension: D },
    train: standard(order.slice(held).slice(0, settings.count)),
    valid: standard(order.slice(tested, held)),
    test: standard(order.slice(0, tested)),
    sha256: createHash("sha256").update(text).digest("hex"),
    standardisation: { shift, scale },
  };
}

/** Numbers of each line; a first line of words is a header, `#` begins a comment. */
function parseRows(text: string, file: string): number[][] {
  const rows: number[][] = [];
  let header = true;
  for (const [index, whole] of text.split(/\r?\n/).entries()) {
    const content = whole.split("#")[0].trim();
    if (content === "") continue;
    const words = content.split(/[,;\s]+/).filter((word) => word !== "");
    const place = { file, line: index + 1 };
    const numbers = words.map(Number);
    const first = header;
    header = false;
    if (first && numbers.every((x, k) => Number.isNaN(x) && !/^[+-]?nan$/i.test(words[k]))) continue;
    const bad = numbers.findIndex((x) => !Number.isFinite(x));
    if (bad >= 0) throw new InputError(`"${printable(words[bad])}" is not a finite number`, place);
    if (rows.length > 0 && rows[0].length !== numbers.length)
      throw new InputError(`has ${numbers.length} numbers, the lines before have ${rows[0].length}`, place);
    rows.push(numbers);
  }
  return rows;
}
