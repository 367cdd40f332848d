import { expect, test } from "vitest";
import { loadLabData } from "../../src/lab/data/catalog.ts";
import { drawFromMixture } from "../../src/lab/data/gaussian-mixture.ts";
import { labDataSchema } from "../../src/lab/data/settings.ts";
import { evaluateLabModel } from "../../src/lab/figures/lab-report.ts";
import type { LabModel } from "../../src/lab/models/lab-model.ts";
import { stream } from "../../src/math/random.ts";
import { captionLines, figureSvg, PANEL } from "../../src/views/pictures/figure.ts";

const data = await loadLabData("two-moons", labDataSchema.parse({ count: 3000, test: 1000 }));

/** The distribution itself as a model, with everything moved by `shift`. */
const truth = (shift: number): LabModel => ({
  layout: [],
  draws: () => ({}),
  loss: (_, x) => x,
  sample: async (_, n, seed) => {
    const rows = new Float32Array(2 * n);
    for (let i = 0; i < n; i++)
      if (data.mixture)
        drawFromMixture(
          data.mixture,
          stream({ seed, purpose: "samplingNoise", index: i }),
          rows.subarray(2 * i, 2 * i + 2),
        );
    return rows.map((value) => value + shift);
  },
});

test("the distances of a perfect model are those of data to data; the latter differ from draw to draw", async () => {
  const measured = async (shift: number, seed: number) =>
    (
      await evaluateLabModel(truth(shift), new Float32Array(0), data, {
        seed,
        samples: 1000,
        likelihoodRows: 2,
      })
    ).evaluation;
  const perfect = [await measured(0, 1), await measured(0, 2), await measured(0, 3), await measured(0, 4)];
  for (const of of ["slicedWasserstein", "mmd"] as const) {
    const ratios = perfect.map((evaluation) => evaluation[of]?.ratio ?? Number.NaN);
    const rms = Math.sqrt(ratios.reduce((sum, ratio) => sum + ratio * ratio, 0) / ratios.length);
    expect(rms).toBeGreaterThan(0.6);
    expect(rms).toBeLessThan(1.5);
    const [low, high] = perfect[0][of]?.range ?? [0, 0];
    expect(low).toBeLessThan(perfect[0][of]?.data ?? 0);
    expect(high).toBeGreaterThan(perfect[0][of]?.data ?? 0);
    expect(perfect[0][of]?.draws).toBe(8);
    expect((await measured(0.2, 1))[of]?.ratio).toBeGreaterThan(3);
  }
});

test("captions stay over their panel: lines of a limited length that say the same words", () => {
  const text = "Score matching with the exact trace and averyveryveryveryveryveryverylongword at the end";
  const lines = captionLines(text, 13);
  expect(lines.length).toBeGreaterThan(2);
  for (const line of lines) expect(line.length * 0.6 * 13).toBeLessThanOrEqual(PANEL);
  expect(lines.join("").replaceAll(" ", "")).toBe(text.replaceAll(" ", ""));
  const svg = figureSvg(
    [
      { title: text, content: "" },
      { title: "short", content: "" },
    ],
    2,
  );
  expect(svg.match(/<text/g)).toHaveLength(lines.length + 1);
});
