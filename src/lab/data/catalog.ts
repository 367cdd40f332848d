/** The data sets of the lab by name, and files of points. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { InputError, nearest } from "../../errors.ts";
import { type GaussianMixture, gaussianMixture } from "./gaussian-mixture.ts";
import { imageRows } from "./images.ts";
import { type LabData, type LabShape, validationRows } from "./lab-data.ts";
import { readPoints } from "./point-file.ts";
import { mixtureSource, POINT_SOURCES, type PointSource } from "./points.ts";
import type { LabDataSettings } from "./settings.ts";

/** Every name with what it is. */
export const LAB_DATA: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(POINT_SOURCES).map(([name, make]) => [name, make().description])),
  mixture: "any mixture of Gaussians (setting data.components)",
  mnist: "handwritten digits, binarised: each pixel drawn once with its grey value as probability",
  "mnist-grey": "handwritten digits, grey, dequantised with uniform noise",
  "fashion-mnist": "pieces of clothing, binarised (where its files are)",
  "fashion-mnist-grey": "pieces of clothing, grey, dequantised (where its files are)",
};

/** What the rows of a data set will be, as far as its name says it. */
export const shapeKindOf = (name: string): LabShape["kind"] =>
  name.includes("mnist") && Object.hasOwn(LAB_DATA, name) ? "images" : "points";

/**
 * The data set of that name, or the points in that file.
 * @throws InputError for a name that is not known (it lists what there is), or settings or a file that are wrong
 */
export async function loadLabData(name: string, settings: LabDataSettings): Promise<LabData> {
  if (Object.hasOwn(POINT_SOURCES, name)) return drawn(name, POINT_SOURCES[name](settings.noise), settings);
  if (name === "mixture") return drawn(name, mixtureSource(LAB_DATA.mixture, mixtureOf(settings)), settings);
  if (Object.hasOwn(LAB_DATA, name)) return imageRows(name, settings);
  if (existsSync(name)) return readPoints(name, settings);
  const near = nearest(name, Object.keys(LAB_DATA));
  throw new InputError(
    `unknown data "${name}"; ${near === undefined ? "" : `did you mean ${near}? `}there are ${Object.keys(LAB_DATA).join(", ")}, or give a file of points`,
  );
}

/** The distribution of a data set, where it is a known mixture. */
export function mixtureOfData(name: string, settings: LabDataSettings): GaussianMixture | undefined {
  if (name === "mixture") return mixtureOf(settings);
  return Object.hasOwn(POINT_SOURCES, name) ? POINT_SOURCES[name](settings.noise).mixture : undefined;
}

/** Rows to train on where there is no end of them. */
const DRAWN_ROWS = 50_000;

/** Sets of one distribution; the test set's seed is the next one. */
function drawn(name: string, source: PointSource, settings: LabDataSettings): LabData {
  const train = source.draw(settings.count ?? DRAWN_ROWS, 2 * settings.seed);
  return {
    name,
    source: name,
    shape: { kind: "points", dimension: source.mixture?.dimension ?? source.dimension ?? 2 },
    train,
    // Seeds far from those of the sets; those of draws begin higher still.
    valid: source.draw(validationRows(settings.test), 2 ** 39 + settings.seed),
    test: source.draw(settings.test, 2 * settings.seed + 1),
    sha256: createHash("sha256").update(new Uint8Array(train.buffer)).digest("hex"),
    draw: (n, seed) => source.draw(n, 2 ** 40 + seed),
    ...(source.mixture && { mixture: source.mixture }),
  };
}

function mixtureOf({ components }: LabDataSettings): GaussianMixture {
  try {
    return gaussianMixture(components);
  } catch (error) {
    throw new InputError(`data.components: ${(error as Error).message}`);
  }
}
