/** The network of a coarse-grained model at any noise level, by whatever computes its kind. */

import { type EngineOptions, openEngine } from "../../engines/open-engine.ts";
import { InputError, ownName, WorkError } from "../../errors.ts";
import { type BeadField, beadField } from "../../nets/beads/bead-field.ts";
import { beadPainnLayout, painnOf } from "../../nets/beads/bead-painn.ts";
import { type BeadNetworkConfig, beadLayout } from "../../nets/beads/beads-config.ts";
import type { Layout } from "../../nets/layers/parameters.ts";
import { withSites } from "../../nets/layers/virtual-sites.ts";
import { prepareRuntime } from "../../platform/prepare.ts";
import { beadPainnField } from "./bead-painn-field.ts";

export interface BeadFields {
  /** "plain arrays", "native (AVX-512)", "jax (wasm)" */
  readonly engine: string;
  readonly at: (parameters: Float32Array, gamma: number) => BeadField;
  readonly dispose: () => void;
}

/** Order of the parameters. */
export const beadNetworkLayout = (config: BeadNetworkConfig): Layout =>
  config.kind === "painn" ? beadPainnLayout(config) : beadLayout(config);

/**
 * Opens what computes the network; the caller disposes of it.
 * @param options `onNotice` is told where it is not the fastest there is, and why
 * @throws InputError when the engine that is asked for cannot compute it; WorkError where no kernel is here
 */
export async function openBeadFields(
  config: BeadNetworkConfig,
  options: EngineOptions = {},
): Promise<BeadFields> {
  const { engine: asked = "auto", named = ownName } = options;
  const misfit = (computes: string): InputError =>
    new InputError(
      `${named("engine")} ${asked}: this network of beads is computed by ${computes}; leave it out`,
    );
  if (config.kind === "perceptron") {
    if (asked !== "auto") throw misfit("plain arrays");
    return {
      engine: "plain arrays",
      at: (parameters, gamma) => beadField(config, parameters, gamma),
      dispose: () => {},
    };
  }
  if (config.conservative) {
    const engine = await openEngine({ atomwise: painnOf(config, withSites(config.beads)) }, options);
    if (engine.positionGradientNow === undefined) {
      engine.dispose();
      throw new WorkError("PaiNN of beads needs native code or WebAssembly; neither is here");
    }
    return {
      engine: engine.name,
      at: (parameters, gamma) => beadPainnField(config, parameters, gamma, engine),
      dispose: engine.dispose,
    };
  }
  if (asked === "native" || asked === "wasm") throw misfit("jax-js");
  const { device } = await prepareRuntime("cpu");
  const { compiledField, freeBeadField } = await import("../../nets/beads/bead-painn-free.ts");
  const compiled = compiledField(config);
  return {
    engine: `jax (${device})`,
    at: (parameters, gamma) => freeBeadField(config, parameters, gamma, compiled),
    dispose: compiled.dispose,
  };
}
