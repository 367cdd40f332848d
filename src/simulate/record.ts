/** Where a simulation leaves what it does: in a folder (`simulate/node/folder.ts`), or in memory. */
import type { Molecule } from "../chem/molecule.ts";
import type { SimulationState } from "./state.ts";

/** Values at one time. Energies in kcal/mol, temperature in K; one entry for each replica. */
export interface ObservablesLine {
  readonly step: number;
  /** ps */
  readonly time: number;
  readonly potential: readonly number[];
  readonly kinetic: readonly number[];
  readonly temperature: readonly number[];
}

/** Takes frames and lines as they come; they are kept for good after `flush`. */
export interface SimulationRecord {
  /** What errors call the simulation, where it has a place. */
  readonly path?: string;
  /** One replica, in the units of the run; replicas of a step come in their order. */
  readonly frame: (frame: Molecule) => void;
  /** Follows the frames of its step. */
  readonly line: (line: ObservablesLine) => void;
  /** Puts what it was given where it is kept. */
  readonly flush: () => Promise<void>;
  /** Flushes, then replaces the checkpoint. */
  readonly save: (state: SimulationState) => Promise<void>;
}

/** A record in memory. */
export interface SimulationMemory extends SimulationRecord {
  readonly frames: readonly Molecule[];
  readonly lines: readonly ObservablesLine[];
}

/** An empty record in memory, which grows with the frames; `onFrame` hears of each. */
export function createMemory(onFrame?: (frame: Molecule) => void): SimulationMemory {
  const frames: Molecule[] = [];
  const lines: ObservablesLine[] = [];
  return {
    frames,
    lines,
    frame: (frame) => {
      frames.push(frame);
      onFrame?.(frame);
    },
    line: (line) => {
      lines.push(line);
    },
    flush: async () => {},
    save: async () => {},
  };
}
