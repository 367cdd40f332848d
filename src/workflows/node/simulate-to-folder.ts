/** `equimol simulate` as a function: molecular dynamics or the optimisation of a geometry, into a folder. */
import { writeFileAtomically } from "../../platform/node/atomic-write.ts";
import { writeMolecules } from "../../platform/node/molecules.ts";
import { packageVersion } from "../../platform/node/version.ts";
import {
  createFolder,
  finalOf,
  reportOf,
  resumeFolder,
  type SimulationFolder,
  trajectoryOf,
} from "../../simulate/node/folder.ts";
import { sourceOf } from "../../simulate/node/model-settings.ts";
import { summarizeFolder } from "../../simulate/node/summary.ts";
import type { SimulationState } from "../../simulate/state.ts";
import { simulationPage } from "../../views/simulation-page.ts";
import { type SimulationFigures, type SittingOptions, sit } from "../simulation.ts";
import { reporterOf } from "../workflow.ts";
import { type FolderSimulationRequest, newSettings, resumedSettings } from "./simulation-settings.ts";

/** What moves, by which forces, how long, and where it is kept. */
export interface SimulateToFolderOptions extends SittingOptions, FolderSimulationRequest {
  /** Folder of the simulation. */
  readonly out: string;
  /** Go on with the simulation in `out`, bit for bit, up to `steps` or `time`. */
  readonly resume?: boolean | undefined;
}

/** A simulation in a folder: its figures and its files. */
export type SimulateToFolderReport = SimulationFigures & {
  readonly out: string;
  /** Files. */
  readonly trajectory: string;
  readonly final: string;
  readonly report: string;
};

/**
 * Runs until its end, `maxSeconds` or the signal; the folder can then be gone on with.
 * @throws InputError for settings or a start that make no sense, and when the trajectory explodes: the last frame that
 * made sense then ends it
 * @example await simulateToFolder({ model: "rmd17-ethanol-painn", start: "ethanol.xyz", out: "md", time: 100 });
 */
export async function simulateToFolder(options: SimulateToFolderOptions): Promise<SimulateToFolderReport> {
  const { out, start, resume = false } = options;
  const { named, reading } = reporterOf(options);
  const settings = await (resume
    ? resumedSettings(out, options, named, reading)
    : newSettings(options, named, reading));
  let folder: SimulationFolder | undefined;
  const open = async (state: SimulationState): Promise<SimulationFolder> => {
    folder = await (resume ? resumeFolder(out, state, settings, named) : createFolder(out, settings, named));
    return folder;
  };
  try {
    const { final, potential, engine, figures } = await sit(
      {
        ...{ settings, open, source: await sourceOf(settings.potential), resumed: resume },
        place: { file: typeof start === "string" ? start : out },
      },
      options,
    );
    await writeMolecules(finalOf(out), final);
    const summary = await summarizeFolder(out, settings);
    const provenance = { engine, equimol: packageVersion() };
    await writeFileAtomically(reportOf(out), simulationPage({ settings, summary, potential, provenance }));
    return {
      out,
      ...figures(summary),
      ...{ trajectory: trajectoryOf(out), final: finalOf(out), report: reportOf(out) },
    };
  } finally {
    folder?.close();
  }
}
