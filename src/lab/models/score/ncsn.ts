/** NCSN: denoising score matching at many noise levels, sampled by annealed Langevin dynamics (Song & Ermon 2019). */
import { denoiserNetwork, denoiserPresets } from "../denoiser-network.ts";
import type { LabModelKind } from "../lab-model.ts";
import { type AnnealedSettings, annealedModel, annealedSettings } from "./annealed.ts";

export const ncsn: LabModelKind<AnnealedSettings> = {
  name: "ncsn",
  title: "NCSN: denoising score matching at many noise levels",
  source: "Song, Ermon 2019",
  settings: annealedSettings,
  presets: denoiserPresets,
  build: (settings, shape, facts) =>
    annealedModel(settings, shape, denoiserNetwork(settings, shape, facts?.engine)),
};
