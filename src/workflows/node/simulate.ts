/** `equimol simulate` as a function: molecular dynamics or the optimisation of a geometry, into a folder. */
import { symbolOf } from "../../chem/elements.ts";
import type { EngineOptions } from "../../engines/open-engine.ts";
import { InputError } from "../../errors.ts";
import type { Potential } from "../../physics/potential.ts";
import { inUnit } from "../../physics/units.ts";
import { writeFileAtomically } from "../../platform/node/atomic-write.ts";
import { writeMolecules } from "../../platform/node/molecules.ts";
import { packageVersion } from "../../platform/node/version.ts";
import { createFolder, finalOf, reportOf, resumeFolder, trajectoryOf } from "../../simulate/folder.ts";
import { openPotential } from "../../simulate/open-potential.ts";
import { frameOf, observe, runSimulation } from "../../simulate/run.ts";
import { checkOverlap, checkReach, explosion, lonelyAtom } from "../../simulate/sanity.ts";
import { isDynamics, type SimulationSettings } from "../../simulate/settings.ts";
import { massesOf, startState } from "../../simulate/start.ts";
import { refresh, type SimulationState } from "../../simulate/state.ts";
import { type SimulationSummary, summarize } from "../../simulate/summary.ts";
import { simulationPage } from "../../views/simulation-page.ts";
import { reporterOf, type WorkflowOptions } from "../workflow.ts";
import { newSettings, resumedSettings, type SimulationRequest } from "./simulation-settings.ts";

export interface SimulateOptions extends WorkflowOptions, SimulationRequest {
  /** Folder of the simulation. */
  readonly out: string;
  /** Go on with the simulation in `out`, bit for bit, up to `steps` or `time`. */
  readonly resume?: boolean | undefined;
  /** Save and stop after so many seconds of computing. */
  readonly maxSeconds?: number | undefined;
  readonly engine?: EngineOptions | undefined;
}

/** Energies in the unit that is asked for. */
export type SimulateReport = {
  readonly out: string;
  /** Name of the potential. */
  readonly potential: string;
  readonly engine: string;
  readonly atoms: number;
  readonly replicas: number;
  /** Steps that the simulation has now. */
  readonly steps: number;
  readonly units: SimulationSettings["units"];
  /** All steps are done, or every replica is in a minimum. */
  readonly finished: boolean;
  /** The signal ended it; what was done is saved. */
  readonly interrupted: boolean;
  /** Of this part, and its steps in each of them. */
  readonly seconds: number;
  readonly stepsPerSecond: number;
  /** Files. */
  readonly trajectory: string;
  readonly final: string;
  readonly report: string;
} & (
  | ({
      readonly method: "nvt" | "nve";
      /** ps */
      readonly time: number;
      readonly potentialEnergy: SimulationSummary["potential"];
    } & Pick<SimulationSummary, "temperature" | "drift">)
  | {
      readonly method: "fire" | "lbfgs";
      /** Which replicas reached a minimum. */
      readonly converged: readonly boolean[];
      /** [B] */
      readonly energies: readonly number[];
    }
);

/**
 * Runs until its end, `maxSeconds` or the signal; the folder can then be gone on with.
 * @throws InputError for settings or a start that make no sense, and when the trajectory explodes: the last frame that
 * made sense then ends it
 * @example await simulate({ model: "rmd17-ethanol-painn", start: "ethanol.xyz", out: "md", time: 100 });
 */
export async function simulate(options: SimulateOptions): Promise<SimulateReport> {
  const { out, start, resume = false, maxSeconds, signal } = options;
  const { notice, warning, task, named } = reporterOf(options);
  const settings = await (resume ? resumedSettings(out, options, named) : newSettings(options, named));
  const { method, steps, replicas, timestep, elements } = settings;
  massesOf(elements);
  const { potential, engine, nearest } = await openPotential(
    settings.potential,
    settings.start.slice(0, 3 * elements.length),
    { onNotice: notice, ...options.engine },
  );
  try {
    const state = startState(settings, potential.external === true);
    const place = typeof start === "string" ? start : out;
    if (!resume) await checkStart(state, settings, potential, nearest, place);
    const folder = await (resume ? resumeFolder(out, state, settings) : createFolder(out, settings));
    const before = state.step;
    notice(
      `${replicas > 1 ? `${replicas} × ` : ""}${elements.length} atoms, ${potential.name}, ${engine}; ${describe(settings)}`,
    );
    const progress = task(isDynamics(method) ? "simulating" : "optimising", steps - before);
    const outcome = await runSimulation({
      settings,
      potential,
      state,
      folder,
      resumed: resume,
      maxSeconds,
      signal,
      onProgress: (step, { temperature, potential: energy }) =>
        progress(
          step - before,
          isDynamics(method)
            ? `${((step * timestep) / 1000).toFixed(2)} ps  ${mean(temperature).toFixed(0)} K`
            : `${mean(energy).toFixed(3)} kcal/mol`,
        ),
    });
    const line = observe(state, settings, potential);
    await writeMolecules(
      finalOf(out),
      Array.from({ length: replicas }, (_, b) => frameOf(state, settings, line, b)),
    );
    const summary = await summarize(out, settings);
    const provenance = { engine, equimol: packageVersion() };
    await writeFileAtomically(
      reportOf(out),
      simulationPage({ settings, summary, potential: potential.name, provenance }),
    );
    const loose = looseAtom(state, potential);
    if (loose !== undefined)
      warning(`${loose} ended farther than ${potential.cutoff} Å from all others: the molecule fell apart`);
    const { finished, converged = [], seconds, stepsHere } = outcome;
    const interrupted = signal?.aborted === true;
    if (!isDynamics(method) && !finished && !interrupted)
      warning(
        `${converged.filter((there) => !there).length} of ${replicas} did not reach ${named("forceTolerance")} ${settings.forceTolerance} in ${state.step} steps`,
      );
    return {
      ...{ out, potential: potential.name, engine, atoms: elements.length, replicas, steps: state.step },
      ...(isDynamics(method)
        ? {
            method,
            time: (state.step * timestep) / 1000,
            temperature: summary.temperature,
            potentialEnergy: inUnits(summary.potential, settings),
            drift: inUnits(summary.drift, settings),
          }
        : {
            method,
            converged,
            energies: Array.from(state.energies, (energy) => inUnit(energy, settings.units)),
          }),
      ...{ units: settings.units, finished, interrupted, seconds },
      stepsPerSecond: Math.round((10 * stepsHere) / seconds) / 10,
      ...{ trajectory: trajectoryOf(out), final: finalOf(out), report: reportOf(out) },
    };
  } finally {
    potential.dispose?.();
  }
}

/** What cannot be simulated is found before files are made. @throws InputError naming the file of the start */
async function checkStart(
  state: SimulationState,
  settings: SimulationSettings,
  potential: Potential,
  nearest: number,
  file: string,
): Promise<void> {
  if (nearest > 0) checkOverlap(state, nearest, file);
  checkReach(state, potential, file);
  try {
    await refresh(state, potential); // an unknown element shows here
  } catch (error) {
    if (error instanceof InputError && error.file === undefined)
      throw new InputError(error.message, { file });
    throw error;
  }
  const { temperature } = observe(state, settings, potential);
  const problem = explosion(state, temperature, settings.temperature);
  if (problem !== undefined) throw new InputError(`cannot be simulated: ${problem} at the start`, { file });
}

/** The first atom that no other is within reach of, in words. */
function looseAtom(state: SimulationState, { cutoff }: Potential): string | undefined {
  for (let b = 0; b < state.replicas && cutoff !== undefined; b++) {
    const atom = lonelyAtom(state, b, cutoff);
    if (atom >= 0)
      return `atom ${atom + 1} (${symbolOf(state.atomicNumbers[atom])})${state.replicas > 1 ? ` of replica ${b}` : ""}`;
  }
  return undefined;
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

const inUnits = <T extends Readonly<Record<string, number>>>(energies: T, { units }: SimulationSettings): T =>
  Object.fromEntries(Object.entries(energies).map(([name, energy]) => [name, inUnit(energy, units)])) as T;

function describe({ method, timestep, temperature, friction, steps }: SimulationSettings): string {
  if (!isDynamics(method)) return `${method}, at most ${steps} steps`;
  const heat = method === "nvt" ? `${temperature} K, friction ${friction}/ps` : `from ${temperature} K`;
  return `${method}, ${heat}, ${steps} steps of ${timestep} fs`;
}
