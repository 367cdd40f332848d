import { beforeAll, describe, expect, test } from "vitest";
import { InputError } from "../../src/errors.ts";
import type { LabShape } from "../../src/lab/data/lab-data.ts";
import { LAB_KINDS, labKind } from "../../src/lab/models/kinds.ts";
import { initialParameters } from "../../src/nets/layers/parameters.ts";
import { prepareRuntime } from "../../src/platform/prepare.ts";

beforeAll(() => prepareRuntime("cpu"));
const points = (dimension: number): LabShape => ({ kind: "points", dimension });
const images = (binary: boolean): LabShape => ({ kind: "images", height: 28, width: 28, binary });
const build = (name: string, shape: LabShape, settings: Readonly<Record<string, unknown>> = {}) => {
  const kind = labKind(name);
  return kind.build(kind.settings.parse(settings), shape);
};

describe("a shape that the model cannot take is refused in one line", () => {
  test.each([
    ["real-nvp", points(1), "real-nvp needs at least 2 dimensions, the data has 1"],
    ["nice", points(1), "nice needs at least 2 dimensions, the data has 1"],
    [
      "maf",
      images(false),
      "maf takes at most 64 dimensions (one way through it takes a pass for each), the data has 784",
    ],
    [
      "iaf",
      points(100),
      "iaf takes at most 64 dimensions (one way through it takes a pass for each), the data has 100",
    ],
    [
      "real-nvp",
      images(true),
      "a flow models real numbers, the images are binary: take them in grey (mnist-grey)",
    ],
    ["glow", points(2), "glow takes images (mnist-grey)"],
    ["mixture-vi", images(false), "mixture-vi takes points, not images or symbols"],
    [
      "vae",
      { kind: "symbols", dimension: 3, symbols: 4 },
      "a variational auto-encoder here takes points or images, not symbols",
    ],
  ] as const)("%s", (name, shape, message) => {
    expect(() => build(name, shape)).toThrow(new InputError(message));
  });
});

/** Those made of scores have tests of their own, with networks that are smaller than the usual ones. */
const SCORES = /^(score-|ncsn|energy|ddpm|latent-|d3pm|cold)/;
/** Settings that make a kind small. */
const SMALL: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  planar: { length: 2 },
  radial: { length: 2 },
  maf: { layers: 2 },
  iaf: { layers: 2 },
  "vae-planar": { length: 2 },
};

describe.each(
  LAB_KINDS.filter(({ name }) => !SCORES.test(name) && name !== "glow" && name !== "e-nf").map(
    ({ name }) => name,
  ),
)("%s", (name) => {
  test("samples are a function of seed and row alone, and so is what the model says of rows", async () => {
    const model = build(name, points(2), SMALL[name]);
    const parameters = initialParameters(model.layout, 1);
    const rows = await model.sample(parameters, 300, 5);
    expect(await model.sample(parameters, 3, 5)).toEqual(rows.subarray(0, 6));
    expect(await model.sample(parameters, 3, 6)).not.toEqual(rows.subarray(0, 6));
    const log = await model.logLikelihood?.of(parameters, rows, 7);
    const few = await model.logLikelihood?.of(parameters, rows.subarray(0, 6), 7);
    (few as Float64Array).forEach((value, i) => {
      expect(value).toBeCloseTo((log as Float64Array)[i], 4);
    });
    model.dispose?.();
  });
});
