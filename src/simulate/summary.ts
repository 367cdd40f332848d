/** What a finished simulation says: from its folder, so that a run in several parts is one. */

import { withBonds } from "../chem/bond-orders.ts";
import type { Molecule } from "../chem/molecule.ts";
import { perceiveBonds } from "../chem/perception.ts";
import { InputError } from "../errors.ts";
import { readMolecules } from "../platform/node/molecules.ts";
import { type ObservablesLine, readObservables, trajectoryOf } from "./folder.ts";
import { type StructureObservables, structureObserver, trend } from "./observables.ts";
import type { SimulationSettings } from "./settings.ts";

/** Energies in kcal/mol, temperatures in K, times in ps. */
export interface SimulationSummary {
  readonly lines: readonly ObservablesLine[];
  readonly structure: StructureObservables;
  /** Mean and standard deviation over frames and replicas; the first tenth of the frames is left out. */
  readonly temperature: { readonly mean: number; readonly deviation: number };
  readonly potential: { readonly mean: number; readonly deviation: number };
  /** Of the total energy, the mean over replicas. */
  readonly drift: {
    /** Slope of the line through E(t), kcal/mol per atom in 100 ps. */
    readonly perAtomIn100ps: number;
    /** Largest of the replicas' slopes, regardless of sign. */
    readonly worstPerAtomIn100ps: number;
    /** Root mean square of E(t) about that line, kcal/mol per atom. */
    readonly fluctuationPerAtom: number;
  };
  /** The last frame of replica 0 with bonds. */
  readonly last: Molecule;
}

/** Reads the folder and counts. @throws InputError when its files are damaged */
export async function summarize(folder: string, settings: SimulationSettings): Promise<SimulationSummary> {
  const lines = await readObservables(folder);
  if (lines.length === 0) throw new InputError("holds no frames", { file: folder });
  const atomicNumbers = Uint8Array.from(settings.elements);
  const atoms = atomicNumbers.length;
  const first: Molecule = { atomicNumbers, positions: Float64Array.from(settings.start.slice(0, 3 * atoms)) };
  const bonds = settings.potential.kind === "model" ? perceiveBonds(first, "geom") : [];
  const observer = structureObserver(first, bonds);
  const settled = Math.floor(lines.length / 10) * settings.replicas;
  let count = 0;
  let last = first;
  for await (const frame of readMolecules(trajectoryOf(folder))) {
    if (count >= settled) observer.add(frame.positions);
    if (count % settings.replicas === 0) last = frame;
    count++;
  }
  const temperature = trend();
  const potential = trend();
  for (const line of lines.slice(Math.floor(lines.length / 10))) {
    for (const value of line.temperature) temperature.add(0, value);
    for (const value of line.potential) potential.add(0, value);
  }
  const totals = Array.from({ length: settings.replicas }, (_, b) => {
    const total = trend();
    for (const { time, potential, kinetic } of lines) total.add(time, potential[b] + kinetic[b]);
    return total;
  });
  const slopes = totals.map((total) => (100 * total.slope()) / atoms);
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  return {
    lines,
    structure: observer.result(),
    temperature: { mean: temperature.mean(), deviation: temperature.deviation() },
    potential: { mean: potential.mean(), deviation: potential.deviation() },
    drift: {
      perAtomIn100ps: mean(slopes),
      worstPerAtomIn100ps: Math.max(...slopes.map(Math.abs)),
      fluctuationPerAtom: mean(totals.map((total) => total.residual())) / atoms,
    },
    last: bonds.length > 0 ? withBonds(last, "geom") : last,
  };
}
