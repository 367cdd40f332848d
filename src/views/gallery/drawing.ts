/**
 * A molecule as a small ball-and-stick drawing in SVG: seen along the axis of least extent, painted from the back
 * to the front. Colours come from the page: classes `e-C`, `e-H` … on atoms (fill) and on bond halves (stroke).
 */
import { symbolOf, vanDerWaalsRadius } from "../../chem/elements.ts";
import type { Bond, Molecule } from "../../chem/molecule.ts";
import { symmetricEigen } from "../../math/eigen.ts";
import { cross } from "../../math/vectors.ts";

/** Rows: right, up, towards the viewer. A rotation. [3][3] */
export type View = readonly (readonly [number, number, number])[];

/** Half the width and height of the drawing, in its own units. */
const HALF = { width: 50, height: 40 };
const MARGIN = 2;
/** Units per Å at most, so that water does not look larger than benzene. */
const LARGEST_SCALE = 14;
/** In drawing units, so that atoms which flew far apart can be seen at all. */
const SMALLEST_BALL = 1;
/** Balls are drawn at this part of the van der Waals radius. */
const BALL = 0.25;
/** How far the molecule is tipped out of its flattest view, so that rings have depth. Radians. */
const TILT = { aboutRight: 0.3, aboutUp: -0.22 };

/** The view that spreads the molecule most over the page, a little tipped. */
export function flattestView(molecule: Molecule): View {
  const { positions } = molecule;
  const mean = centroid(positions);
  const moment = [0, 1, 2].map((a) => [0, 1, 2].map((b) => secondMoment(positions, mean, a, b)));
  const [right, up] = symmetricEigen(moment).vectors as readonly (readonly [number, number, number])[];
  const forward = cross(right, up);
  const { aboutRight, aboutUp } = TILT;
  const tippedUp = mix(up, Math.cos(aboutRight), forward, Math.sin(aboutRight));
  const tippedForward = mix(forward, Math.cos(aboutRight), up, -Math.sin(aboutRight));
  return [
    mix(right, Math.cos(aboutUp), tippedForward, Math.sin(aboutUp)),
    tippedUp,
    mix(tippedForward, Math.cos(aboutUp), right, -Math.sin(aboutUp)),
  ];
}

interface Ball {
  readonly x: number;
  readonly y: number;
  readonly depth: number;
  readonly radius: number;
  readonly symbol: string;
}

/** The drawing as an `<svg>` element of 100 × 80 units. Uses the molecule's own bonds. */
export function drawMolecule(molecule: Molecule, view: View = flattestView(molecule)): string {
  const balls = project(molecule, view);
  const shapes = balls.map((ball) => ({ depth: ball.depth, svg: circle(ball) }));
  const stick = 0.19 * scaleOf(molecule, view);
  for (const bond of molecule.bonds ?? [])
    shapes.push(...bondHalves(balls[bond.i], balls[bond.j], bond, stick));
  shapes.sort((a, b) => a.depth - b.depth);
  const body = shapes.map(({ svg }) => svg).join("");
  const { width, height } = HALF;
  return `<svg viewBox="${-width} ${-height} ${2 * width} ${2 * height}" aria-hidden="true">${body}</svg>`;
}

/** Atoms in drawing units, centred; y grows downwards, depth towards the viewer. */
function project(molecule: Molecule, view: View): Ball[] {
  const { positions, atomicNumbers } = molecule;
  const scale = scaleOf(molecule, view);
  const middle = extent(positions, view).middle;
  return Array.from(atomicNumbers, (z, i) => {
    const [right, up, forward] = view.map((axis) => along(axis, positions, i));
    return {
      x: (right - middle[0]) * scale,
      y: (middle[1] - up) * scale,
      depth: forward,
      radius: Math.max(SMALLEST_BALL, ballRadius(z) * scale),
      symbol: symbolOf(z),
    };
  });
}

function scaleOf({ positions }: Molecule, view: View): number {
  const { width, height } = extent(positions, view);
  const largestBall = 0.5;
  const fit = (half: number, size: number): number => (half - MARGIN) / (size / 2 + largestBall);
  return Math.min(LARGEST_SCALE, fit(HALF.width, width), fit(HALF.height, height));
}

function extent(positions: Float64Array, view: View) {
  const low = [Infinity, Infinity];
  const high = [-Infinity, -Infinity];
  for (let i = 0; i < positions.length / 3; i++) {
    for (const k of [0, 1]) {
      const value = along(view[k], positions, i);
      low[k] = Math.min(low[k], value);
      high[k] = Math.max(high[k], value);
    }
  }
  const middle = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2];
  return { middle, width: high[0] - low[0], height: high[1] - low[1] };
}

/** Radius of an atom's ball in Å. */
export const ballRadius = (z: number): number => BALL * (vanDerWaalsRadius(z) ?? 1.8);

function circle({ x, y, radius, symbol }: Ball): string {
  return `<circle class="e-${symbol}" cx="${short(x)}" cy="${short(y)}" r="${short(radius)}"/>`;
}

/** Each bond in two halves, so that each takes the colour and the depth of its atom; one line per order. */
function bondHalves(a: Ball, b: Ball, { order }: Bond, stick: number): { depth: number; svg: string }[] {
  const length = Math.hypot(b.x - a.x, b.y - a.y);
  if (length < 1e-6) return [];
  const lines = order === 4 ? 2 : order;
  const width = lines === 1 ? stick : (1.15 * stick) / Math.sqrt(lines);
  const [acrossX, acrossY] = [-(b.y - a.y) / length, (b.x - a.x) / length];
  const offsets = Array.from({ length: lines }, (_, k) => (k - (lines - 1) / 2) * 1.9 * width);
  const middle = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, depth: (a.depth + b.depth) / 2 };
  return [a, b].map((atom) => {
    const path = offsets
      .map((offset) => {
        const shift = { x: acrossX * offset, y: acrossY * offset };
        const from = `M${short(atom.x + shift.x)} ${short(atom.y + shift.y)}`;
        return `${from}L${short(middle.x + shift.x)} ${short(middle.y + shift.y)}`;
      })
      .join("");
    return {
      depth: (atom.depth + middle.depth) / 2,
      svg: `<path class="e-${atom.symbol}" stroke-width="${short(width)}" d="${path}"/>`,
    };
  });
}

/** A number with two decimals at most: the page holds many thousands. */
const short = (value: number): string => String(Math.round(100 * value) / 100);

const along = (axis: readonly number[], positions: Float64Array, i: number): number =>
  axis[0] * positions[3 * i] + axis[1] * positions[3 * i + 1] + axis[2] * positions[3 * i + 2];

function centroid(positions: Float64Array): number[] {
  const atoms = Math.max(1, positions.length / 3);
  return [0, 1, 2].map((k) => positions.reduce((sum, x, at) => (at % 3 === k ? sum + x / atoms : sum), 0));
}

function secondMoment(positions: Float64Array, mean: readonly number[], a: number, b: number): number {
  let sum = 0;
  for (let i = 0; i < positions.length; i += 3)
    sum += (positions[i + a] - mean[a]) * (positions[i + b] - mean[b]);
  return sum;
}

const mix = (u: readonly number[], s: number, v: readonly number[], t: number): [number, number, number] => [
  s * u[0] + t * v[0],
  s * u[1] + t * v[1],
  s * u[2] + t * v[2],
];
