/** Line charts in SVG for the page of a simulation. Colours come from the page: classes `l0`, `l1` … */
import { escapeHtml } from "./gallery/escape.ts";

export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface LineChart {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly lines: readonly Line[];
  /** Shown at least: [low, high]. */
  readonly yRange?: readonly [number, number];
  readonly xRange?: readonly [number, number];
  /** A level to compare with. */
  readonly level?: { readonly value: number; readonly name: string };
}

const [WIDTH, HEIGHT] = [560, 260];
const MARGIN = { left: 64, right: 12, top: 10, bottom: 40 };
const MOST_POINTS = 800;

/** The chart as an HTML figure. */
export function lineChart(chart: LineChart): string {
  const lines = chart.lines.map((line) => ({ ...line, points: thinned(line.points) }));
  const all = lines.flatMap(({ points }) => points);
  const range = (k: 0 | 1, given?: readonly [number, number]): [number, number] => {
    let [low, high] = given ?? [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const point of all) [low, high] = [Math.min(low, point[k]), Math.max(high, point[k])];
    if (!(high > low)) [low, high] = [low - 1, low + 1];
    return [low, high];
  };
  const [x0, x1] = range(0, chart.xRange);
  const [low, high] = range(1, chart.yRange);
  const room = chart.yRange === undefined ? 0.06 * (high - low) : 0;
  const [y0, y1] = [low - room, high + 0.06 * (high - low)];
  const across = (x: number): string =>
    (MARGIN.left + ((x - x0) / (x1 - x0)) * (WIDTH - MARGIN.left - MARGIN.right)).toFixed(1);
  const up = (y: number): string =>
    (HEIGHT - MARGIN.bottom - ((y - y0) / (y1 - y0)) * (HEIGHT - MARGIN.top - MARGIN.bottom)).toFixed(1);
  const bottom = HEIGHT - MARGIN.bottom;
  const right = WIDTH - MARGIN.right;
  const grid = ticks(y0, y1, 5).map(
    ({ value, text }) =>
      `<path class="grid" d="M${MARGIN.left} ${up(value)}H${right}"/><text class="y" x="${MARGIN.left - 7}" y="${up(value)}" dy="4">${text}</text>`,
  );
  const marks = ticks(x0, x1, 6).map(
    ({ value, text }) =>
      `<path class="axis" d="M${across(value)} ${bottom}v4"/><text class="x" x="${across(value)}" y="${bottom + 17}">${text}</text>`,
  );
  const paths = lines.map(({ name, points }, k) => {
    const d = points.map(([x, y], n) => `${n === 0 ? "M" : "L"}${across(x)} ${up(y)}`).join("");
    return `<path class="line l${k % 8}" d="${d}"><title>${escapeHtml(name)}</title></path>`;
  });
  const level =
    chart.level === undefined
      ? ""
      : `<path class="level" d="M${MARGIN.left} ${up(chart.level.value)}H${right}"><title>${escapeHtml(chart.level.name)}</title></path>`;
  const names = lines.map(({ name }, k) => `<span><i class="l${k % 8}"></i>${escapeHtml(name)}</span>`);
  if (chart.level) names.push(`<span><i class="dashed"></i>${escapeHtml(chart.level.name)}</span>`);
  return `<figure class="chart">
<figcaption>${escapeHtml(chart.title)}</figcaption>
<p class="legend">${names.length > 1 ? names.join("") : ""}</p>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(`${chart.title}: ${chart.y} against ${chart.x}`)}">
${grid.join("")}<path class="axis" d="M${MARGIN.left} ${bottom}H${right}"/>${marks.join("")}
<text class="x name" x="${(MARGIN.left + right) / 2}" y="${HEIGHT - 5}">${escapeHtml(chart.x)}</text>
<text class="x name" transform="translate(13 ${(MARGIN.top + bottom) / 2}) rotate(-90)">${escapeHtml(chart.y)}</text>
${paths.join("\n")}${level}
</svg>
</figure>`;
}

/** At most MOST_POINTS, in pairs of the least and the largest of each stretch, so that no peak is lost. */
function thinned(points: Line["points"]): Line["points"] {
  if (points.length <= MOST_POINTS) return points;
  const stretch = Math.ceil((2 * points.length) / MOST_POINTS);
  const kept: (readonly [number, number])[] = [];
  for (let at = 0; at < points.length; at += stretch) {
    const part = points.slice(at, at + stretch);
    const low = part.reduce((a, b) => (b[1] < a[1] ? b : a));
    const high = part.reduce((a, b) => (b[1] > a[1] ? b : a));
    kept.push(...(low[0] <= high[0] ? [low, high] : [high, low]));
  }
  return kept;
}

/** Round numbers in [low, high], about `wanted` of them. */
export function ticks(low: number, high: number, wanted: number): { value: number; text: string }[] {
  const rough = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((size) => size >= rough) ?? 10 * power;
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const marks: { value: number; text: string }[] = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) {
    const value = k === 0 ? 0 : k * step;
    const text = value === 0 ? "0" : decimals > 4 ? value.toExponential(1) : value.toFixed(decimals);
    marks.push({ value, text: text.replace(".0e", "e").replace("-", "−") });
  }
  return marks;
}
