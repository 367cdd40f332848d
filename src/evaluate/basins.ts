/**
 * Free-energy basins of two dihedrals and the transitions between them. Basins are the peaks of a smoothed density
 * on the torus that stand out by more than a given depth (persistence, as in Chazal, Guibas, Oudot, Skraba,
 * "Persistence-based clustering in Riemannian manifolds", J. ACM 2013); transitions are counted between their cores,
 * so that looking over the ridge and coming back is none (Schütte et al. 2011, milestoning).
 */
import type { Torsions } from "./ramachandran.ts";

/** Cells of the grid in one direction: 5°. */
const GRID = 72;
const CELLS = GRID * GRID;

/** What counts as a basin and as its core. */
export interface BasinOptions {
  /** Width of the smoothing in degrees. */
  readonly smoothing?: number;
  /** Depth in kT by which a basin must lie below its lowest pass to a deeper one. */
  readonly depth?: number;
  /** Cells within this of the basin's lowest point in kT are its core. */
  readonly core?: number;
}

/** A minimum of the free energy. */
export interface Basin {
  /** Lowest point, degrees. */
  readonly phi: number;
  readonly psi: number;
  /** Share of the configurations that it was found from. */
  readonly share: number;
}

/** The basins, and which of them each cell of the (φ, ψ) plane belongs to. */
export interface BasinMap {
  /** The fullest first. */
  readonly basins: readonly Basin[];
  /** Basin of each cell of the grid; every cell has one. [72 · 72], φ first */
  readonly basinOfCell: Int16Array;
  /** The same for cells in a core, −1 elsewhere. */
  readonly coreOfCell: Int16Array;
}

const cellOf = (phi: number, psi: number): number => {
  const index = (angle: number): number =>
    ((Math.floor(((angle + Math.PI) / (2 * Math.PI)) * GRID) % GRID) + GRID) % GRID;
  return index(phi) * GRID + index(psi);
};
const degreesAt = (index: number): number => ((index + 0.5) * 360) / GRID - 180;

/** Counts on the grid, smoothed by a periodic Gaussian in both directions. */
function smoothedDensity({ phi, psi }: Torsions, degrees: number): Float64Array {
  const counts = new Float64Array(CELLS);
  for (let b = 0; b < phi.length; b++) counts[cellOf(phi[b], psi[b])] += 1 / phi.length;
  const kernel = Float64Array.from({ length: GRID }, (_, k) => {
    const away = (Math.min(k, GRID - k) * 360) / GRID;
    return Math.exp(-0.5 * (away / degrees) ** 2);
  });
  const blur = (from: Float64Array, stride: number, other: number): Float64Array => {
    const to = new Float64Array(CELLS);
    for (let line = 0; line < GRID; line++)
      for (let i = 0; i < GRID; i++)
        for (let k = 0; k < GRID; k++)
          to[line * other + i * stride] += kernel[k] * from[line * other + ((i + k) % GRID) * stride];
    return to;
  };
  return blur(blur(counts, 1, GRID), GRID, 1);
}

/** The eight cells around a cell. */
function neighbours(cell: number): number[] {
  const [i, j] = [Math.floor(cell / GRID), cell % GRID];
  const cells = [];
  for (const di of [GRID - 1, 0, 1])
    for (const dj of [GRID - 1, 0, 1])
      if (di !== 0 || dj !== 0) cells.push(((i + di) % GRID) * GRID + ((j + dj) % GRID));
  return cells;
}

/** The basins of a set of configurations, by peaks of the smoothed density that persist (Chazal et al. 2013). */
export function findBasins(torsions: Torsions, options: BasinOptions = {}): BasinMap {
  const { smoothing = 10, depth = 0.25, core = 1 } = options;
  const density = smoothedDensity(torsions, smoothing);
  const order = Array.from({ length: CELLS }, (_, k) => k).sort((a, b) => density[b] - density[a] || a - b);
  const parent = new Int32Array(CELLS).fill(-1); // −1: not reached yet
  const rootOf = (cell: number): number => {
    let root = cell;
    while (parent[root] !== root) root = parent[root];
    parent[cell] = root;
    return root;
  };
  for (const cell of order) {
    const around = neighbours(cell).filter((other) => parent[other] >= 0);
    const roots = [...new Set(around.map(rootOf))].sort((a, b) => density[b] - density[a] || a - b);
    if (roots.length === 0) {
      parent[cell] = cell;
      continue;
    }
    const upward = around.reduce((best, other) => (density[other] > density[best] ? other : best));
    parent[cell] = rootOf(upward);
    for (const root of roots.slice(1)) {
      const shallow = Math.log(density[root] / density[cell]) < depth;
      if (shallow || !(density[cell] > 0)) parent[root] = roots[0];
    }
  }
  const shares = new Map<number, number>();
  for (let b = 0; b < torsions.phi.length; b++) {
    const root = rootOf(cellOf(torsions.phi[b], torsions.psi[b]));
    shares.set(root, (shares.get(root) ?? 0) + 1 / torsions.phi.length);
  }
  const roots = [...shares.keys()].sort((a, b) => (shares.get(b) ?? 0) - (shares.get(a) ?? 0));
  const number = new Map(roots.map((root, k) => [root, k]));
  const basinOfCell = Int16Array.from({ length: CELLS }, (_, cell) => number.get(rootOf(cell)) ?? -1);
  const coreOfCell = basinOfCell.map((basin, cell) =>
    basin >= 0 && Math.log(density[roots[basin]] / density[cell]) <= core ? basin : -1,
  );
  const basins = roots.map((root) => ({
    phi: degreesAt(Math.floor(root / GRID)),
    psi: degreesAt(root % GRID),
    share: shares.get(root) ?? 0,
  }));
  return { basins, basinOfCell, coreOfCell };
}

/** Share of the configurations in each basin. */
export function basinShares({ basins, basinOfCell }: BasinMap, { phi, psi }: Torsions): number[] {
  const shares = basins.map(() => 0);
  for (let b = 0; b < phi.length; b++) {
    const basin = basinOfCell[cellOf(phi[b], psi[b])];
    if (basin >= 0) shares[basin] += 1 / phi.length;
  }
  return shares;
}

/** Transitions between cores: `[from][to]`. @param chains trajectories, each in the order of time */
export function countTransitions({ basins, coreOfCell }: BasinMap, chains: Iterable<Torsions>): number[][] {
  const counts = basins.map(() => basins.map(() => 0));
  for (const { phi, psi } of chains) {
    let last = -1;
    for (let k = 0; k < phi.length; k++) {
      const core = coreOfCell[cellOf(phi[k], psi[k])];
      if (core < 0) continue;
      if (last >= 0 && core !== last) counts[last][core]++;
      last = core;
    }
  }
  return counts;
}
