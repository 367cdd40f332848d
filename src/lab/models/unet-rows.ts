/** A U-Net by its engine, as a function of rows. The engine is opened when it is first asked for. */
import { type EngineOptions, openEngine } from "../../engines/open-engine.ts";
import type { ImageEngine } from "../../engines/unet/unet-kernel.ts";
import { cos, sin } from "../../math/elementary.ts";
import type { UnetConfig } from "../../nets/unet/unet-config.ts";
import type { RowNetwork } from "./rows.ts";

/** The network on rows, and what training takes. */
export interface UnetRows extends RowNetwork {
  /** What computes. */
  readonly engine: () => Promise<string>;
  /** ‖out − target‖² of each row [B]; the gradient of Σ weight ‖out − target‖² replaces the contents of `gradient`. */
  readonly squaredError: (
    parameters: Float32Array,
    rows: { readonly z: Float32Array; readonly t: Float32Array },
    target: { readonly target: Float32Array; readonly weight: Float32Array },
    gradient: Float32Array,
  ) => Promise<Float64Array>;
}

/** Images at once: what is kept of them is little. */
const BLOCK = 512;

export function unetRows(config: UnetConfig, options: EngineOptions): UnetRows {
  const D = config.height * config.width;
  let opened: Promise<ImageEngine> | undefined;
  const engine = (): Promise<ImageEngine> => {
    opened ??= openEngine({ image: config }, options);
    return opened;
  };
  return {
    engine: async () => (await engine()).name,
    squaredError: async (parameters, { z, t }, target, gradient) =>
      (await engine()).squaredError(
        parameters,
        { images: z, features: featuresOf(t, config.timeFeatures) },
        target,
        gradient,
      ),
    with: (parameters) => ({
      of: async (rows, t) => {
        const { forward } = await engine();
        const n = rows.length / D;
        const out = new Float64Array(n * D);
        for (let first = 0; first < n; first += BLOCK) {
          const size = Math.min(BLOCK, n - first);
          const images = Float32Array.from({ length: size * D }, (_, i) => rows[first * D + i]);
          const times = Float32Array.from({ length: size }, (_, i) =>
            typeof t === "number" ? t : t[first + i],
          );
          const features = featuresOf(times, config.timeFeatures);
          out.set(await forward(parameters, { images, features }), first * D);
        }
        return out;
      },
      release: () => undefined,
    }),
    dispose: () => {
      opened?.then(
        ({ dispose }) => dispose(),
        () => undefined, // it was told to who asked
      );
      opened = undefined;
    },
  };
}

/** As `timeFeatures` of the residual MLP: sines and cosines with frequencies from 1 to 1000. [B] → [B, count] */
function featuresOf(t: Float32Array, count: number): Float32Array {
  const half = count / 2;
  const out = new Float32Array(t.length * count);
  for (let b = 0; b < t.length; b++)
    for (let k = 0; k < half; k++) {
      const angle = t[b] * 1000 ** (k / Math.max(half - 1, 1));
      out[b * count + k] = sin(angle);
      out[b * count + half + k] = cos(angle);
    }
  return out;
}
