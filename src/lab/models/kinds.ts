/** The kinds of model of the lab, by name. */
import { InputError, nearest } from "../../errors.ts";
import { cold } from "./cold/cold.ts";
import { ddpm } from "./diffusion/ddpm.ts";
import { latentDdpm } from "./diffusion/latent-ddpm.ts";
import { d3pmAbsorbing, d3pmUniform } from "./discrete/d3pm.ts";
import { enf } from "./flows/e-nf.ts";
import { glow, iaf, maf, nice, planar, radial, realNvp } from "./flows/kinds.ts";
import type { LabModelKind } from "./lab-model.ts";
import { energy } from "./score/energy.ts";
import { ncsn } from "./score/ncsn.ts";
import { scoreSde } from "./score/score-sde.ts";
import { scoreDenoising, scoreExplicit, scoreHyvarinen, scoreSliced } from "./score/single-level.ts";
import { iwae, ladderVae, vae, vaeFull, vaeIaf, vaePlanar } from "./vae/kinds.ts";
import { divergenceFit } from "./variational/divergence-model.ts";
import { mixtureVi } from "./variational/mixture-model.ts";

/** A kind that checks its settings itself, so that all kinds have one type. */
const anySettings = <S>(kind: LabModelKind<S>): LabModelKind => ({
  ...kind,
  build: (settings, shape, facts) => kind.build(kind.settings.parse(settings), shape, facts),
});

/** In the order of `lab list`. */
export const LAB_KINDS: readonly LabModelKind[] = [
  anySettings(vae),
  anySettings(vaeFull),
  anySettings(iwae),
  anySettings(ladderVae),
  anySettings(vaePlanar),
  anySettings(vaeIaf),
  anySettings(mixtureVi),
  anySettings(divergenceFit),
  anySettings(planar),
  anySettings(radial),
  anySettings(nice),
  anySettings(realNvp),
  anySettings(maf),
  anySettings(iaf),
  anySettings(glow),
  anySettings(enf),
  anySettings(scoreExplicit),
  anySettings(scoreHyvarinen),
  anySettings(scoreSliced),
  anySettings(scoreDenoising),
  anySettings(ncsn),
  anySettings(scoreSde),
  anySettings(energy),
  anySettings(ddpm),
  anySettings(latentDdpm),
  anySettings(d3pmUniform),
  anySettings(d3pmAbsorbing),
  anySettings(cold),
];

/** @throws InputError for a name that is not known; it lists what there is */
export function labKind(name: string): LabModelKind {
  const found = LAB_KINDS.find((kind) => kind.name === name);
  if (found) return found;
  const names = LAB_KINDS.map((kind) => kind.name);
  const near = nearest(name, names);
  throw new InputError(
    `unknown model "${name}"; ${near === undefined ? "" : `did you mean ${near}? `}there are ${names.join(", ")}`,
  );
}
