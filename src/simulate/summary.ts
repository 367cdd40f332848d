/** What a simulation says in the end, from its frames and lines. */
import { withBonds } from "../chem/bond-orders.ts";
import type { Molecule } from "../chem/molecule.ts";
import { perceiveBonds } from "../chem/perception.ts";
import { type StructureObservables, structureObserver, trend } from "./observables.ts";
import type { ObservablesLine } from "./record.ts";
import type { RunSettings } from "./settings.ts";

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

/** What was recorded of a simulation. */
export interface RecordedSimulation {
  readonly settings: RunSettings;
  readonly lines: readonly ObservablesLine[];
  /** Of each line a frame of every replica. */
  readonly frames: Iterable<Molecule> | AsyncIterable<Molecule>;
  /** Whether the atoms are bonded as in molecules; torsions are then counted. */
  readonly bonded: boolean;
}

/** Counts over frames and lines, of which there is at least one. */
export async function summarize({
  settings,
  lines,
  frames,
  bonded,
}: RecordedSimulation): Promise<SimulationSummary> {
  const atomicNumbers = Uint8Array.from(settings.elements);
  const atoms = atomicNumbers.length;
  const first: Molecule = { atomicNumbers, positions: Float64Array.from(settings.start.slice(0, 3 * atoms)) };
  const bonds = bonded ? perceiveBonds(first, "geom") : [];
  const observer = structureObserver(first, bonds);
  const settled = Math.floor(lines.length / 10) * settings.replicas;
  let count = 0;
  let last = first;
  for await (const frame of frames) {
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
