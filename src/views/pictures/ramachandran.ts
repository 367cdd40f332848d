/** Ramachandran plots and profiles of free energies, as panels of a figure. */
import { angleHistogram, freeEnergy, type Torsions, torsionHistogram } from "../../evaluate/ramachandran.ts";
import { figureSvg, PANEL, type Panel } from "./figure.ts";

/** Cells of a plot in one direction: 5°. */
const CELLS = 72;
/** Free energies above this (in kT) have the lightest shade. */
const TOP = 7;
/** Margin for the axes. */
const [LEFT, BOTTOM] = [30, 24];
const [WIDTH, HEIGHT] = [PANEL - LEFT - 6, PANEL - BOTTOM - 6];

const across = (degrees: number): string => (LEFT + ((degrees + 180) / 360) * WIDTH).toFixed(1);
const upward = (share: number): string => (6 + (1 - share) * HEIGHT).toFixed(1);
const TICKS = [-180, -90, 0, 90, 180];

/** Dark blue (low) over green to pale yellow (high). */
function shade(level: number): string {
  const stops = [
    [38, 30, 97],
    [33, 113, 141],
    [78, 190, 132],
    [245, 242, 190],
  ];
  const at = Math.min(Math.max(level, 0), 1) * (stops.length - 1);
  const k = Math.min(Math.floor(at), stops.length - 2);
  const mix = stops[k].map((from, c) => Math.round(from + (at - k) * (stops[k + 1][c] - from)));
  return `rgb(${mix.join(",")})`;
}

const text = (x: string, y: string, words: string, anchor: "start" | "middle" | "end"): string =>
  `<text x="${x}" y="${y}" font-size="9" fill="#656d76" text-anchor="${anchor}">${words}</text>`;

const angleAxis = (name: string): string =>
  [
    ...TICKS.map((tick) =>
      text(
        across(tick),
        String(PANEL - 12),
        String(tick),
        tick === -180 ? "start" : tick === 180 ? "end" : "middle",
      ),
    ),
    text(String(LEFT + WIDTH / 2), String(PANEL - 2), name, "middle"),
  ].join("");

/** Free energy of (φ, ψ) in kT, dark where it is low. */
export function ramachandranPanel(title: string, torsions: Torsions, note?: string): Panel {
  const energies = freeEnergy(torsionHistogram(torsions, CELLS), 1);
  const [w, h] = [WIDTH / CELLS, HEIGHT / CELLS];
  const cells: string[] = [];
  energies.forEach((energy, k) => {
    if (!Number.isFinite(energy)) return;
    const [i, j] = [Math.floor(k / CELLS), k % CELLS];
    cells.push(
      `<rect x="${(LEFT + i * w).toFixed(2)}" y="${(6 + HEIGHT - (j + 1) * h).toFixed(2)}" width="${(w + 0.15).toFixed(2)}" height="${(h + 0.15).toFixed(2)}" fill="${shade(energy / TOP)}"/>`,
    );
  });
  const vertical = TICKS.slice(0, -1).map((tick) =>
    text(String(LEFT - 3), upward((tick + 180) / 360), String(tick), "end"),
  );
  const content = `${cells.join("")}${angleAxis("φ / °")}${vertical.join("")}${text(String(LEFT - 3), "14", "ψ / °", "end")}`;
  return { title, content, ...(note === undefined ? {} : { note }) };
}

/** A line of a profile. */
export interface ProfileLine {
  readonly label: string;
  readonly angles: Float64Array;
  readonly color: string;
}

/** Free energies of one angle in kT, one line for each set, on a common scale. */
export function profilePanel(title: string, name: string, lines: readonly ProfileLine[]): Panel {
  const bins = 72;
  const top = TOP / (1 - (11 * lines.length + 6) / HEIGHT); // the legend is above the curves
  const drawn = lines.map(({ label, angles, color }, k) => {
    const energies = freeEnergy(angleHistogram(angles, bins), 1);
    let path = "";
    let pen = "M";
    energies.forEach((energy, bin) => {
      if (!(energy <= TOP)) {
        pen = "M";
        return;
      }
      path += `${pen}${across(((bin + 0.5) * 360) / bins - 180)},${upward(energy / top)}`;
      pen = "L";
    });
    const y = 16 + 11 * k;
    return [
      `<path d="M${LEFT + 6},${y - 3}h14" stroke="${color}" stroke-width="2"/>`,
      text(String(LEFT + 24), String(y), label, "start"),
      `<path d="${path}" fill="none" stroke="${color}" stroke-width="1.5"/>`,
    ].join("");
  });
  const vertical = [0, 2, 4, 6].map((kT) => text(String(LEFT - 3), upward(kT / top), `${kT} kT`, "end"));
  return { title, content: `${drawn.join("")}${angleAxis(name)}${vertical.join("")}` };
}

const COLORS = ["#1f2328", "#cf222e", "#0969da", "#1a7f37", "#bf8700", "#8250df"];

/** Sets of dihedrals side by side: a Ramachandran plot of each, then the profiles of φ and ψ on common scales. SVG. */
export function torsionsFigure(
  sets: readonly { readonly label: string; readonly torsions: Torsions }[],
): string {
  const lines = (key: keyof Torsions): ProfileLine[] =>
    sets.map(({ label, torsions }, k) => ({
      label,
      angles: torsions[key],
      color: COLORS[k % COLORS.length],
    }));
  const panels = [
    ...sets.map(({ label, torsions }) =>
      ramachandranPanel(
        label,
        torsions,
        `${torsions.phi.length.toLocaleString("en")} frames; free energy, dark is low`,
      ),
    ),
    profilePanel("Free energy of φ", "φ / °", lines("phi")),
    profilePanel("Free energy of ψ", "ψ / °", lines("psi")),
  ];
  return figureSvg(panels, Math.min(3, Math.ceil(panels.length / 2)));
}
