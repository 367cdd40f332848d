/** What other programs take the delivered conformers for: RDKit of the system (Debian's python3-rdkit) reads them back. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { conformersToFile } from "../../src/workflows/node/conformers-to-file.ts";
import { ISOMERS } from "./isomers.ts";

const JUDGE = fileURLToPath(new URL("judge.py", import.meta.url));
const PYTHON = ["/usr/bin/python3", "python3"].find(
  (python) => spawnSync(python, ["-c", "from rdkit import Chem"]).status === 0,
);
const folder = mkdtempSync(join(tmpdir(), "equimol-isomers-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.skipIf(PYTHON === undefined)(
  "500 conformers of 60 molecules are the asked isomer, each of them (needs python3 with RDKit: apt-get install python3-rdkit)",
  async () => {
    const input = join(folder, "asked.smi");
    const out = join(folder, "made.sdf");
    // names are numbers: RDKit breaks long titles of records
    writeFileSync(input, ISOMERS.map((smiles, k) => `${smiles}\tm${k}\n`).join(""));
    const report = await conformersToFile({ molecule: input, out, count: Math.ceil(500 / ISOMERS.length) });
    expect(report.failed).toEqual([]);
    expect(report.conformers).toBeGreaterThanOrEqual(500);

    const { status, stdout, stderr } = spawnSync(PYTHON as string, [JUDGE, input, out], { encoding: "utf8" });
    expect(status, stderr).toBe(0);
    const judged = JSON.parse(stdout) as Record<string, { readonly right: number; readonly wrong: string[] }>;
    const others = Object.entries(judged).filter(([, { wrong }]) => wrong.length > 0);
    expect(others.map(([name, { wrong }]) => [ISOMERS[Number(name.slice(1))], wrong])).toEqual([]);
    expect(Object.values(judged).reduce((sum, { right }) => sum + right, 0)).toBe(report.conformers);
  },
  180_000,
);
