/** Small bar charts in SVG of what molecules are made of, beside the training data where it is known. */
import { STRUCTURE_BINS, type StructureHistograms } from "../../evaluate/distributions.ts";
import type { Histogram } from "../../evaluate/histogram.ts";
import { escapeHtml } from "./escape.ts";

/** Counts over a set of molecules, as far as they are known; a `Reference` is one. */
export interface Distributions {
  /** Molecules by number of atoms. */
  readonly sizes: Histogram;
  /** Atoms by element symbol. */
  readonly atomTypes?: Histogram;
  readonly structure?: StructureHistograms;
}

/** Å; bonds outside are rare and left out of the picture. */
const BOND_RANGE = { from: 0.9, to: 1.7 };

interface Chart {
  readonly title: string;
  /** What a bar counts, for the tooltip: "of the molecules". */
  readonly of: string;
  /** One for every bar; shown below every `every`-th. */
  readonly labels: readonly string[];
  readonly every: number;
  readonly here: readonly number[];
  readonly reference: readonly number[] | undefined;
}

/** The three charts as HTML figures. */
export function chartsHtml(here: Distributions, reference: Distributions | undefined): string {
  return [sizeChart(here, reference), elementChart(here, reference), bondChart(here, reference)]
    .filter((chart) => chart.labels.length > 0)
    .map(figure)
    .join("\n");
}

function sizeChart(here: Distributions, reference: Distributions | undefined): Chart {
  const sizes = [...Object.keys(here.sizes), ...Object.keys(reference?.sizes ?? {})].map(Number);
  const [low, high] = [Math.min(...sizes), Math.max(...sizes)];
  const width = Math.max(1, Math.ceil((high - low + 1) / 40));
  const bins = sizes.length === 0 ? 0 : Math.floor((high - low) / width) + 1;
  const binned = (counts: Readonly<Record<string, number>>) => {
    const bars = Array<number>(bins).fill(0);
    for (const [size, count] of Object.entries(counts))
      bars[Math.floor((Number(size) - low) / width)] += count;
    return bars;
  };
  const labels = Array.from({ length: bins }, (_, k) => String(low + k * width));
  return {
    title: width === 1 ? "Atoms in a molecule" : `Atoms in a molecule (in steps of ${width})`,
    of: "of the molecules",
    labels,
    every: Math.max(1, Math.ceil(bins / 10)),
    here: binned(here.sizes),
    reference: reference && binned(reference.sizes),
  };
}

function elementChart(here: Distributions, reference: Distributions | undefined): Chart {
  const order = { ...here.atomTypes, ...reference?.atomTypes };
  const labels = Object.keys(order).sort((a, b) => order[b] - order[a]);
  const counts = (histogram: Histogram): number[] => labels.map((symbol) => histogram[symbol] ?? 0);
  return {
    title: "Elements",
    of: "of the atoms",
    labels,
    every: 1,
    here: counts(here.atomTypes ?? {}),
    reference: reference?.atomTypes && counts(reference.atomTypes),
  };
}

function bondChart(here: Distributions, reference: Distributions | undefined): Chart {
  const { from, width } = STRUCTURE_BINS.bondLengths;
  const first = Math.round((BOND_RANGE.from - from) / width);
  const bars = allBonds(here).slice(first, Math.round((BOND_RANGE.to - from) / width));
  const edge = (bin: number): string => (from + (first + bin) * width).toFixed(2).replace(/0$/, "");
  return {
    title: "Bond lengths in Å",
    of: "of the bonds",
    labels: bars.every((count) => count === 0) ? [] : bars.map((_, bin) => edge(bin)),
    every: 5,
    here: bars,
    reference: reference?.structure && allBonds(reference).slice(first, first + bars.length),
  };
}

/** Bond lengths of all kinds together. */
function allBonds({ structure }: Distributions): number[] {
  const sum = Array<number>(STRUCTURE_BINS.bondLengths.count).fill(0);
  for (const row of Object.values(structure?.bondLengths ?? {})) {
    for (const [bin, count] of row.entries()) sum[bin] += count;
  }
  return sum;
}

const WIDTH = 320;
const HEIGHT = 130;
const FOOT = 18;
const WIDEST_BAR = 36;

/** Shares, not counts, so that 64 molecules can stand beside 100,000. Bars: here; steps: the reference. */
function figure({ title, of, labels, every, here, reference }: Chart): string {
  const own = shares(here);
  const theirs = reference && shares(reference);
  const top = Math.max(...own, ...(theirs ?? []), 1e-9);
  const slot = WIDTH / labels.length;
  const gap = Math.max(Math.min(3, slot * 0.2), slot - WIDEST_BAR);
  const y = (share: number) => round(HEIGHT - (share / top) * (HEIGHT - 6));

  const bars = own.map((share, k) => {
    const label = `${labels[k]}: ${percent(share)} ${of}${theirs ? `, training data ${percent(theirs[k])}` : ""}`;
    const bar = `<rect class="bar" x="${round(k * slot + gap / 2)}" y="${y(share)}" width="${round(slot - gap)}" height="${round(HEIGHT - y(share))}" rx="1"/>`;
    const whole = `<rect class="slot" x="${round(k * slot)}" y="0" width="${round(slot)}" height="${HEIGHT}"/>`;
    return `<g><title>${escapeHtml(label)}</title>${whole}${bar}</g>`;
  });
  const steps = theirs?.map(
    (share, k) => `${k === 0 ? "M0" : ""} ${k === 0 ? y(share) : `V${y(share)}`} H${round((k + 1) * slot)}`,
  );
  const ticks = labels.map((label, k) =>
    k % every === 0
      ? `<text x="${round((k + 0.5) * slot)}" y="${HEIGHT + FOOT - 4}">${escapeHtml(label)}</text>`
      : "",
  );
  const table = labels.map((label, k) => `${label} ${percent(own[k])}`).filter((_, k) => own[k] > 0);
  return `<figure class="chart">
<figcaption>${escapeHtml(title)}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT + FOOT}" role="img" aria-label="${escapeHtml(`${title}: ${table.join(", ")}`)}">
${bars.join("")}${steps ? `<path class="reference" d="${steps.join("")}"/>` : ""}<path class="axis" d="M0 ${HEIGHT}H${WIDTH}"/>${ticks.join("")}
</svg>
</figure>`;
}

function shares(counts: readonly number[]): number[] {
  const total = counts.reduce((a, b) => a + b, 0);
  return counts.map((count) => (total === 0 ? 0 : count / total));
}

const round = (value: number): number => Math.round(10 * value) / 10;

const percent = (share: number): string => `${(100 * share).toFixed(share < 0.01 ? 2 : 1)} %`;
