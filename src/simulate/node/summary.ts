/** What a finished simulation says: from its folder, so that a run in several parts is one. */
import { InputError } from "../../errors.ts";
import { readMolecules } from "../../platform/node/molecules.ts";
import type { SimulationSettings } from "../settings.ts";
import { type SimulationSummary, summarize } from "../summary.ts";
import { readObservables, trajectoryOf } from "./folder.ts";

/** Reads the folder and counts. @throws InputError when its files are damaged */
export async function summarizeFolder(
  folder: string,
  settings: SimulationSettings,
): Promise<SimulationSummary> {
  const lines = await readObservables(folder, settings.replicas);
  if (lines.length === 0) throw new InputError("holds no frames", { file: folder });
  const bonded = settings.potential.kind === "model";
  return summarize({ settings, lines, frames: readMolecules(trajectoryOf(folder)), bonded });
}
