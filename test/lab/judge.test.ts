/** The judge of images, on images that are easy to tell apart: bars across, down and along the diagonal. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { loadLabData } from "../../src/lab/data/catalog.ts";
import { labDataSchema } from "../../src/lab/data/settings.ts";
import { type ImageJudge, judged, judgeOf } from "../../src/lab/judge/judge.ts";
import { stream } from "../../src/math/random.ts";

const SIDE = 6;
const D = SIDE * SIDE;
const home = mkdtempSync(join(tmpdir(), "equimol-judge-"));
const folder = join(home, "lab", "fashion-mnist");

const classOf = (i: number): number => i % 3;
/** Bytes of n images: a bright bar of the class's direction, noise elsewhere. */
const images = (n: number, seed: number): Buffer => {
  const header = Buffer.alloc(16);
  [0x803, n, SIDE, SIDE].forEach((value, k) => {
    header.writeUInt32BE(value, 4 * k);
  });
  const pixels = Array.from({ length: n }, (_, i) => {
    const random = stream({ seed, purpose: "test", index: i });
    const at = random.integer(SIDE);
    return Array.from({ length: D }, (_, k) => {
      const [x, y] = [k % SIDE, Math.floor(k / SIDE)];
      const on = [y === at, x === at, (x + y) % SIDE === at][classOf(i)];
      return on ? 230 + random.integer(26) : random.integer(30);
    });
  });
  return Buffer.concat([header, Buffer.from(pixels.flat())]);
};
const labels = (n: number): Buffer => {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(0x801, 0);
  header.writeUInt32BE(n, 4);
  return Buffer.concat([header, Buffer.from(Array.from({ length: n }, (_, i) => classOf(i)))]);
};
const load = () => loadLabData("fashion-mnist-grey", labDataSchema.parse({}));

let judge: ImageJudge;
beforeAll(async () => {
  vi.stubEnv("EQUIMOL_HOME", home);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "train-images-idx3-ubyte"), images(2000, 1));
  await writeFile(join(folder, "t10k-images-idx3-ubyte"), images(300, 2));
  await expect(judgeOf("fashion-mnist-grey")).rejects.toThrow("has no labels");
  await writeFile(join(folder, "train-labels-idx1-ubyte"), labels(2000));
  await writeFile(join(folder, "t10k-labels-idx1-ubyte"), labels(300));
  judge = await judgeOf("fashion-mnist-grey");
}, 400_000);
afterAll(() => {
  judge.dispose();
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});

test("labels are those of the rows", async () => {
  const { labels: found, train, valid, test: tested } = await load();
  expect([train, valid, tested].map((rows) => rows.length / D)).toEqual([1800, 200, 300]);
  const expected = (from: number, n: number): number[] =>
    Array.from({ length: n }, (_, i) => classOf(from + i));
  expect(Array.from(found?.train ?? [])).toEqual(expected(0, 1800));
  expect(Array.from(found?.valid ?? [])).toEqual(expected(1800, 200));
  expect(Array.from(found?.test ?? [])).toEqual(expected(0, 300));
});

test("it learns the classes, is kept, and says the same when it is read again", async () => {
  expect(judge.classes).toBe(3);
  expect(judge.accuracy).toBeGreaterThan(0.98);
  expect(readdirSync(join(home, "lab", "judges"))).toHaveLength(1);
  const again = await judgeOf("fashion-mnist-grey", {
    onTraining: () => {
      throw new Error("trained a second time");
    },
  });
  const { test: rows } = await load();
  expect(again.accuracy).toBe(judge.accuracy);
  expect(await again.of(rows)).toEqual(await judge.of(rows));
  again.dispose();
});

test("images of the data are recognised and near the data, a blurred mixture of them is neither", async () => {
  const data = await load();
  const own = data.valid.slice(0, 198 * D);
  const good = await judged(judge, data, own);
  expect(good.recognised.samples).toBeGreaterThan(0.9);
  expect(good.recognised.data).toBeGreaterThan(0.9);
  good.classes.forEach((share) => {
    expect(share).toBeCloseTo(1 / 3, 1);
  });
  expect(good.frechet.ratio).toBeLessThan(3);
  const mixed = own.map((value, i) => 0.5 * (value + own[(i + D) % own.length]));
  const bad = await judged(judge, data, mixed);
  expect(bad.frechet.ratio).toBeGreaterThan(3 * good.frechet.ratio);
  expect(bad.confidence.samples).toBeLessThan(good.confidence.samples);
  const ones = await judged(
    judge,
    data,
    own.filter((_, i) => classOf(Math.floor(i / D)) === 1),
  );
  expect(ones.classes[1]).toBeGreaterThan(0.95);
  expect(ones.frechet.ratio).toBeGreaterThan(3);
});

test("labels that do not belong to the images are refused", async () => {
  const file = join(folder, "t10k-labels-idx1-ubyte");
  await writeFile(file, labels(299));
  await expect(load()).rejects.toThrow(`${file}: has 299 labels in 307 bytes; 300 images take 300 labels`);
  await writeFile(file, images(1, 1));
  await expect(load()).rejects.toThrow(`${file}: is no IDX file of labels (magic number 0x801)`);
  await writeFile(file, labels(300));
});
