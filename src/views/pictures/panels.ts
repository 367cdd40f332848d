/** What panels show: clouds of points, density maps, grids of images. */
import { encode } from "fast-png";
import type { Panel } from "./figure.ts";
import { PANEL } from "./figure.ts";

/** The square of the plane that a panel shows. */
export interface View {
  readonly center: readonly [number, number];
  /** Half of its side. */
  readonly radius: number;
}

/** The square around most of the points, with some room. [n, D ≥ 1], of which the first two columns count */
export function viewOf(rows: ArrayLike<number>, D: number): View {
  const range = (column: number): [number, number] => {
    if (column >= D) return [0, 0];
    const values = Float64Array.from({ length: rows.length / D }, (_, i) => rows[i * D + column]).sort();
    return [values[Math.floor(0.002 * values.length)], values[Math.floor(0.998 * (values.length - 1))]];
  };
  const [x, y] = [range(0), range(1)];
  const radius = (1.25 * Math.max(x[1] - x[0], y[1] - y[0])) / 2;
  return { center: [(x[0] + x[1]) / 2, (y[0] + y[1]) / 2], radius: radius > 0 ? radius : 1 };
}

/** The first `limit` rows as dots; points outside the view are left out. A row of one number lies on a line. */
export function scatter(
  rows: ArrayLike<number>,
  D: number,
  view: View,
  color = "#0969da",
  limit = 4000,
): string {
  const dots: string[] = [];
  const n = Math.min(limit, rows.length / D);
  for (let i = 0; i < n; i++) {
    const place = [0, 1].map((d) => (d < D ? rows[i * D + d] : view.center[1]) - view.center[d]);
    if (place.some((offset) => !(Math.abs(offset) <= view.radius))) continue;
    const [x, y] = [place[0], -place[1]].map((offset) =>
      (((offset / view.radius + 1) * PANEL) / 2).toFixed(1),
    );
    dots.push(`M${x},${y}h0`);
  }
  return `<path d="${dots.join("")}" stroke="${color}" stroke-opacity="0.45" stroke-width="1.6" stroke-linecap="round" fill="none"/>`;
}

/** Points of a square grid over the view, row by row from the top left. [size², 2] */
export function gridOver({ center, radius }: View, size: number): Float32Array {
  const at = (k: number): number => ((2 * k + 1) / size - 1) * radius;
  return Float32Array.from(
    Array.from({ length: size * size }, (_, i) => [
      center[0] + at(i % size),
      center[1] - at(Math.floor(i / size)),
    ]).flat(),
  );
}

/** Values at the points of `gridOver` as shades from white to dark blue, the largest darkest. [size²] */
export function heatMap(values: ArrayLike<number>, size: number): string {
  const all = Array.from(values);
  const top = Math.max(...all.filter(Number.isFinite));
  const pixels = new Uint8Array(size * size * 3);
  all.forEach((value, i) => {
    const share = Number.isFinite(value) && top > 0 ? Math.sqrt(Math.max(0, value / top)) : 0;
    [255 - 246 * share, 255 - 150 * share, 255 - 101 * share].forEach((shade, c) => {
      pixels[3 * i + c] = Math.round(shade);
    });
  });
  return embedded(pixels, size, size, 3, PANEL / size);
}

/** Grey images [n, height · width] with values from 0 (black) to 1 in rows of `columns`. */
export function imageGrid(
  rows: ArrayLike<number>,
  height: number,
  width: number,
  columns: number,
  limit = columns * columns,
): string {
  const D = height * width;
  const n = Math.min(limit, Math.floor(rows.length / D));
  const down = Math.ceil(n / columns);
  const [W, H] = [columns * (width + 1) - 1, down * (height + 1) - 1];
  const pixels = new Uint8Array(W * H).fill(255);
  for (let i = 0; i < n; i++) {
    const [left, top] = [(i % columns) * (width + 1), Math.floor(i / columns) * (height + 1)];
    for (let k = 0; k < D; k++) {
      const value = Math.min(1, Math.max(0, rows[i * D + k]));
      pixels[(top + Math.floor(k / width)) * W + left + (k % width)] = Math.round(255 * value);
    }
  }
  return embedded(pixels, W, H, 1, PANEL / Math.max(W, H));
}

/** Pixels as an image whose corner is the panel's; enlarged, so that no viewer smooths them. */
function embedded(pixels: Uint8Array, width: number, height: number, channels: 1 | 3, scale: number): string {
  const times = Math.max(1, Math.round((2 * PANEL) / Math.max(width, height)));
  const [W, H] = [width * times, height * times];
  const large = new Uint8Array(W * H * channels);
  for (let y = 0; y < H; y++) {
    for (let x = 0; x < W; x++) {
      const from = (Math.floor(y / times) * width + Math.floor(x / times)) * channels;
      for (let c = 0; c < channels; c++) large[(y * W + x) * channels + c] = pixels[from + c];
    }
  }
  const png = Buffer.from(encode({ width: W, height: H, data: large, channels, depth: 8 })).toString(
    "base64",
  );
  return `<image width="${(width * scale).toFixed(2)}" height="${(height * scale).toFixed(2)}" image-rendering="optimizeSpeed" href="data:image/png;base64,${png}"/>`;
}

export const panel = (title: string, content: string, note?: string): Panel => ({
  title,
  content,
  ...(note === undefined ? {} : { note }),
});
