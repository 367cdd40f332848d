/** The page of a simulation: one HTML file with what was run, curves, distances and torsions; it loads nothing. */

import { hillFormula } from "../chem/formula.ts";
import { isDynamics, type SimulationSettings } from "../simulate/settings.ts";
import type { SimulationSummary } from "../simulate/summary.ts";
import { drawMolecule, flattestView } from "./gallery/drawing.ts";
import { escapeHtml } from "./gallery/escape.ts";
import { elementGradients, elementStyles } from "./gallery/parts.ts";
import { type Line, type LineChart, lineChart } from "./simulation-charts.ts";

/** What a simulation's page shows. */
export interface PageContent {
  readonly settings: SimulationSettings;
  readonly summary: SimulationSummary;
  readonly potential: string;
  /** Where it comes from: command, version … */
  readonly provenance?: Readonly<Record<string, string>>;
}

const MOST_REPLICAS = 4;

/** The whole page. */
export function simulationPage({ settings, summary, potential, provenance = {} }: PageContent): string {
  const { last, lines } = summary;
  const moving = isDynamics(settings.method);
  const formula = hillFormula(last.atomicNumbers);
  const title = `${moving ? "Dynamics" : "Optimisation"} of ${formula}`;
  const charts = [
    ...(moving ? [temperatureChart(settings, summary), energyChart(settings, summary)] : []),
    potentialChart(settings, summary),
    ...(moving ? structureCharts(summary) : []),
  ];
  const view = flattestView(last);
  const facts = Object.entries({ ...settingsText(settings, potential), ...provenance });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}${elementStyles([last])}</style>
</head>
<body>
<svg class="defs" aria-hidden="true"><defs>${elementGradients([last])}</defs></svg>
<div class="wrap">
<header>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(sentence(settings, summary, potential))}</p>
</header>
<main>
<div class="top">
<div class="molecule">${drawMolecule(last, view)}<p class="note">last frame${settings.replicas > 1 ? " of replica 0" : ""}</p></div>
<dl class="tiles">${tiles(settings, summary)}</dl>
</div>
<div class="charts">
${charts.map(lineChart).join("\n")}
</div>
</main>
<footer>
<dl class="facts">${facts.map(([term, text]) => `<dt>${escapeHtml(term)}</dt><dd>${escapeHtml(text)}</dd>`).join("")}</dl>
<p>${lines.length.toLocaleString("en-US")} frames${settings.replicas > 1 ? ` of ${settings.replicas} replicas` : ""}. This page holds all it shows and loads nothing from the network.</p>
</footer>
</div>
</body>
</html>
`;
}

const METHOD_NAMES = {
  nvt: "Langevin dynamics (BAOAB)",
  nve: "velocity Verlet at constant energy",
  fire: "FIRE",
  lbfgs: "L-BFGS",
} as const;

function sentence(
  { method, timestep, temperature, replicas }: SimulationSettings,
  { lines }: SimulationSummary,
  potential: string,
): string {
  const { time, step } = lines[lines.length - 1];
  const many = replicas > 1 ? `, ${replicas} replicas` : "";
  const what = METHOD_NAMES[method];
  if (!isDynamics(method)) return `${what}, ${step} steps${many}; forces from ${potential}.`;
  const heat = method === "nvt" ? `at ${temperature} K` : `started at ${temperature} K`;
  return `${time.toLocaleString("en-US")} ps of ${what} in steps of ${timestep} fs, ${heat}${many}; forces from ${potential}.`;
}

function tiles(
  settings: SimulationSettings,
  { temperature, potential, drift, lines }: SimulationSummary,
): string {
  const tile = (value: string, unit: string, name: string): string =>
    `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value.replaceAll("-", "−"))} <small>${escapeHtml(unit)}</small></dd></div>`;
  const last = lines[lines.length - 1];
  if (!isDynamics(settings.method)) {
    const lowest = Math.min(...last.potential);
    const gain = Math.max(...lines[0].potential.map((energy, b) => energy - last.potential[b]));
    return [
      tile(lowest.toFixed(3), "kcal/mol", "lowest energy"),
      tile(gain.toFixed(3), "kcal/mol", "below the start"),
    ].join("");
  }
  return [
    tile(
      `${temperature.mean.toFixed(1)} K`,
      `± ${temperature.deviation.toFixed(1)} K in time`,
      "temperature",
    ),
    tile(
      potential.mean.toFixed(2),
      `kcal/mol, ± ${potential.deviation.toFixed(2)} in time`,
      "potential energy",
    ),
    ...(settings.method === "nve"
      ? [
          tile(drift.perAtomIn100ps.toExponential(1), "kcal/mol per atom in 100 ps", "energy drift"),
          tile(drift.fluctuationPerAtom.toExponential(1), "kcal/mol per atom", "energy fluctuation"),
        ]
      : []),
  ].join("");
}

/** A curve for each of the first replicas. */
function perReplica(
  settings: SimulationSettings,
  { lines }: SimulationSummary,
  value: (at: number, b: number) => number,
): Line[] {
  const x = isDynamics(settings.method) ? (k: number) => lines[k].time : (k: number) => lines[k].step;
  return Array.from({ length: Math.min(MOST_REPLICAS, settings.replicas) }, (_, b) => ({
    name: `replica ${b}`,
    points: lines.map((_, k) => [x(k), value(k, b)] as const),
  }));
}

const temperatureChart = (settings: SimulationSettings, summary: SimulationSummary): LineChart => ({
  title: "Temperature",
  x: "time (ps)",
  y: "K",
  lines: perReplica(settings, summary, (k, b) => summary.lines[k].temperature[b]),
  ...(settings.method === "nvt" ? { level: { value: settings.temperature, name: "thermostat" } } : {}),
});

const energyChart = (settings: SimulationSettings, summary: SimulationSummary): LineChart => {
  const { lines } = summary;
  const total = (k: number, b: number): number => lines[k].potential[b] + lines[k].kinetic[b];
  return {
    title: "Total energy, from its start",
    x: "time (ps)",
    y: "kcal/mol",
    lines: perReplica(settings, summary, (k, b) => total(k, b) - total(0, b)),
  };
};

const potentialChart = (settings: SimulationSettings, summary: SimulationSummary): LineChart => ({
  title: isDynamics(settings.method) ? "Potential energy, from its start" : "Energy, from its end",
  x: isDynamics(settings.method) ? "time (ps)" : "step",
  y: "kcal/mol",
  lines: perReplica(settings, summary, (k, b) => {
    const { lines } = summary;
    return lines[k].potential[b] - lines[isDynamics(settings.method) ? 0 : lines.length - 1].potential[b];
  }),
});

function structureCharts({ structure }: SimulationSummary): LineChart[] {
  const { distances, binWidth, torsions, torsionBinWidth } = structure;
  const reach = distances.map(({ density }) => density.findLastIndex((value) => value > 0));
  const end = Math.min(Math.max(...reach, 1) + 4, distances[0]?.density.length ?? 0);
  const charts: LineChart[] = [];
  // Light atoms first; eight curves are as many as can be told apart.
  if (distances.length > 0)
    charts.push({
      title: "Radial distribution 4πr²ρ(r)",
      x: "distance (Å)",
      y: "neighbours per Å",
      yRange: [0, 0],
      lines: distances.slice(0, 8).map(({ name, density }) => ({
        name,
        points: density.slice(0, end).map((value, k) => [(k + 0.5) * binWidth, value] as const),
      })),
    });
  if (torsions.length > 0)
    charts.push({
      title: "Torsions",
      x: "angle (degrees)",
      y: "probability per degree",
      xRange: [-180, 180],
      yRange: [0, 0],
      lines: torsions.slice(0, 8).map(({ name, density }) => ({
        name,
        points: density.map((value, k) => [-180 + (k + 0.5) * torsionBinWidth, value] as const),
      })),
    });
  return charts;
}

function settingsText(settings: SimulationSettings, potential: string): Record<string, string> {
  const { method, timestep, temperature, friction, seed, every, forceTolerance, replicas } = settings;
  const common = { potential, method: METHOD_NAMES[method], replicas: String(replicas) };
  return isDynamics(method)
    ? {
        ...common,
        "time step": `${timestep} fs`,
        temperature: `${temperature} K`,
        ...(method === "nvt" ? { friction: `${friction} 1/ps` } : {}),
        seed: String(seed),
        "frame every": `${every} steps`,
      }
    : { ...common, "force tolerance": `${forceTolerance} kcal/mol/Å` };
}

const STYLE = `
:root{color-scheme:light dark;--paper:#f6f7f9;--card:#fff;--ink:#14181f;--soft:#5a6372;--line:#e1e5eb;--edge:rgb(20 24 31/30%);
--c0:#4f46e5;--c1:#d9480f;--c2:#15803d;--c3:#be185d;--c4:#0e7490;--c5:#a16207;--c6:#7c3aed;--c7:#64748b;
--H:#f1f3f6;--C:#525c6b;--N:#3f67f0;--O:#e5484d;--F:#35b36f;--P:#f08c2e;--S:#e2b203;--Cl:#1f9d57;--Br:#a0522d;--I:#7c3fb5;--B:#e8a48c;--Si:#c9a77a;--other:#c2559d}
@media(prefers-color-scheme:dark){:root{--paper:#0f1218;--card:#181c25;--ink:#eef1f6;--soft:#9aa4b5;--line:#2a303c;--edge:rgb(0 0 0/55%);
--c0:#a5a0ff;--c1:#ff9a62;--c2:#5bd38b;--c3:#ff8fc1;--c4:#5fd0e4;--c5:#f2c14e;--c6:#c4a5ff;--c7:#a3b0c2;--H:#e8ebf0;--C:#8d98a9;--N:#6f8dff;--O:#ff6b6b}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
.wrap{max-width:1240px;margin:0 auto;padding:0 24px 48px}
header{padding:36px 0 18px}
h1{margin:0;font-size:clamp(1.5rem,1.2rem + 1.5vw,2.2rem)}
header p,.note,.legend,footer{color:var(--soft)}
.defs{position:absolute;width:0;height:0}
.top{display:flex;flex-wrap:wrap;gap:20px;align-items:stretch}
.molecule,.tiles div,.chart{background:var(--card);border:1px solid var(--line);border-radius:12px}
.molecule{width:230px;padding:10px;text-align:center}
.molecule svg{width:100%}
.note{margin:0;font-size:12.5px}
.tiles{display:flex;flex-wrap:wrap;gap:14px;margin:0;flex:1}
.tiles div{padding:16px 20px;flex:1 1 200px;display:flex;flex-direction:column-reverse;justify-content:center}
.tiles dt{color:var(--soft)}
.tiles dd{margin:0;font-size:1.7rem;font-weight:600}
.tiles small{display:block;font-size:.85rem;line-height:1.3;font-weight:400;color:var(--soft)}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:20px;margin-top:20px}
.chart{margin:0;padding:16px 18px}
figcaption{font-weight:600}
.legend{margin:2px 0 6px;min-height:1.5em;font-size:12.5px;display:flex;flex-wrap:wrap;gap:2px 14px}
.legend i{display:inline-block;width:14px;height:3px;border-radius:2px;margin-right:5px;vertical-align:middle;background:currentColor}
.legend i.dashed{background:repeating-linear-gradient(90deg,var(--soft) 0 4px,transparent 4px 7px)}
.chart svg{width:100%;overflow:visible}
.chart text{fill:var(--soft);font-size:12px}
.chart text.x{text-anchor:middle}
.chart text.y{text-anchor:end}
.grid{stroke:var(--line);fill:none}
.axis{stroke:var(--soft);fill:none}
.level{stroke:var(--soft);stroke-dasharray:4 3;fill:none}
.line{fill:none;stroke-width:1.6;stroke-linejoin:round}
${[0, 1, 2, 3, 4, 5, 6, 7].map((k) => `.line.l${k}{stroke:var(--c${k})}.legend i.l${k}{color:var(--c${k})}`).join("")}
footer{margin-top:28px;font-size:13.5px}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:2px 18px;margin:0 0 12px}
.facts dd{margin:0;overflow-wrap:anywhere}
`;
