/** The parameters of a learned schedule, behind those of the network. */
import { GAMMA_WIDTH, type GammaParameters } from "../../diffusion/learned-schedule.ts";
import { type Layout, linearSpecs, namedViews } from "../../nets/layers/parameters.ts";

/** Published initial values: weights around −2 before the softplus, γ from −5 to 10. */
export const GAMMA_LAYOUT: Layout = [
  ...["first", "second", "third"].flatMap((name, k) => {
    const [inputs, outputs] = [
      [1, 1],
      [1, GAMMA_WIDTH],
      [GAMMA_WIDTH, 1],
    ][k];
    return linearSpecs(`gamma.${name}`, inputs, outputs).map((spec) =>
      spec.name.endsWith("weight") ? { ...spec, center: -2 } : spec,
    );
  }),
  { name: "gamma.start", shape: [1], bound: 0, center: -5 },
  { name: "gamma.end", shape: [1], bound: 0, center: 10 },
];

/** The flat parameters of the schedule by their roles. */
export function gammaParameters(flat: Float32Array): GammaParameters {
  const views = namedViews(GAMMA_LAYOUT, flat);
  const layer = (name: string): { weight: Float32Array; bias: Float32Array } => ({
    weight: views.get(`gamma.${name}.weight`) as Float32Array,
    bias: views.get(`gamma.${name}.bias`) as Float32Array,
  });
  const ends = Float32Array.of(
    (views.get("gamma.start") as Float32Array)[0],
    (views.get("gamma.end") as Float32Array)[0],
  );
  return { first: layer("first"), second: layer("second"), third: layer("third"), ends };
}
