/**
 * Makes OUT_STEM.svg and .png (docs/conformers.png is one): conformers of one molecule laid over each other, one panel for each SDF file.
 * usage: node scripts/conformer-figure.mjs OUT_STEM "SMILES" TITLE=FILE.sdf …
 * The conformers are superposed on the heavy atoms of rings where there are any, else on all heavy atoms.
 */
import { topologyOf } from "../dist/chem/topology.js";
import { readEnsembles } from "../dist/data/ensembles.js";
import { symmetricEigen } from "../dist/math/eigen.js";
import { center, superpose } from "../dist/math/superposition.js";
import { figureSvg, PANEL, writeFigure } from "../dist/views/pictures/figure.js";

const COLOURS = {
  1: "#b8bec6",
  6: "#3a4048",
  7: "#2f5fd0",
  8: "#d0342c",
  9: "#2e9e4f",
  16: "#c99700",
  17: "#2e9e4f",
};
const [out, note, ...panels] = process.argv.slice(2);

const gather = (x, atoms) => Float64Array.from(atoms.flatMap((a) => [x[3 * a], x[3 * a + 1], x[3 * a + 2]]));

/** x turned and shifted as its atoms `on` have to be to lie on `target`. */
function laidOn(x, on, target) {
  const part = gather(x, on);
  const mean = [0, 1, 2].map(
    (d) => part.filter((_, k) => k % 3 === d).reduce((s, v) => s + v, 0) / on.length,
  );
  const extended = Float64Array.from([...part, ...x].map((v, k) => v - mean[k % 3]));
  // the rotation of the part, applied to all: superpose the part, then solve by three more points of the frame
  const frame = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  const moved = superpose(extended.slice(0, part.length), target);
  const basis = rotationOf(extended.slice(0, part.length), moved, frame);
  const rest = extended.slice(part.length);
  return rest.map((_, k) => {
    const i = k - (k % 3);
    return (
      basis[3 * (k % 3)] * rest[i] +
      basis[3 * (k % 3) + 1] * rest[i + 1] +
      basis[3 * (k % 3) + 2] * rest[i + 2]
    );
  });
}

/** The matrix R with b_i = R a_i, by least squares (a has full rank or is completed by cross products). */
function rotationOf(a, b) {
  const cross = (p, q) => [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]];
  const unit = (v) => v.map((c) => c / Math.hypot(...v));
  const frameOf = (x) => {
    const u = unit([...x.slice(0, 3)]);
    const w = unit(cross(u, [...x.slice(3, 6)]));
    return [u, cross(w, u), w];
  };
  const [f, g] = [frameOf(a), frameOf(b)];
  return [0, 1, 2].flatMap((p) =>
    [0, 1, 2].map((q) => g[0][p] * f[0][q] + g[1][p] * f[1][q] + g[2][p] * f[2][q]),
  );
}

const drawn = [];
for (const panel of panels) {
  const [title, file] = panel.split("=");
  const [ensemble] = await readEnsembles(file);
  const topology = topologyOf(ensemble);
  const heavy = [...topology.atomicNumbers.keys()].filter((a) => topology.atomicNumbers[a] !== 1);
  const ring = heavy.filter((a) => topology.ringSizes[a] > 0);
  const on = ring.length > 3 ? ring : heavy;
  const target = center(gather(ensemble.conformers[0], on));
  const sets = ensemble.conformers.slice(0, 40).map((x) => laidOn(x, on, target));
  // look along the direction in which the atoms spread least
  const spread = [0, 1, 2].map((p) =>
    [0, 1, 2].map((q) =>
      sets.reduce((s, x) => s + heavy.reduce((t, a) => t + x[3 * a + p] * x[3 * a + q], 0), 0),
    ),
  );
  const { vectors } = symmetricEigen(spread);
  const project = (x, a) =>
    vectors.slice(0, 2).map((v) => v[0] * x[3 * a] + v[1] * x[3 * a + 1] + v[2] * x[3 * a + 2]);
  const extent =
    Math.max(...sets.flatMap((x) => heavy.map((a) => Math.max(...project(x, a).map(Math.abs))))) + 0.4;
  const at = (x, a) => project(x, a).map((v) => PANEL / 2 + (v / extent) * (PANEL / 2 - 6));
  const lines = sets.flatMap((x) =>
    ensemble.bonds
      .filter(({ i, j }) => topology.atomicNumbers[i] !== 1 && topology.atomicNumbers[j] !== 1)
      .flatMap(({ i, j }) => {
        const [[x1, y1], [x2, y2]] = [at(x, i), at(x, j)];
        const [mx, my] = [(x1 + x2) / 2, (y1 + y2) / 2];
        const half = (xa, ya, a) =>
          `<line x1="${xa.toFixed(1)}" y1="${ya.toFixed(1)}" x2="${mx.toFixed(1)}" y2="${my.toFixed(1)}" stroke="${COLOURS[topology.atomicNumbers[a]] ?? "#8250df"}"/>`;
        return [half(x1, y1, i), half(x2, y2, j)];
      }),
  );
  drawn.push({
    title,
    note: `${ensemble.conformers.length} conformers${note === "" ? "" : ` of ${note}`}`,
    content: `<g stroke-width="1.3" stroke-linecap="round" opacity="0.55">${lines.join("")}</g>`,
  });
}
console.log((await writeFigure(out, figureSvg(drawn, 4))).join("\n"));
