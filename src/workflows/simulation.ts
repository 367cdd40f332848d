/** A simulation from its settings to its figures, wherever it is recorded: what the workflows of pages and folders share. */
import { symbolOf } from "../chem/elements.ts";
import type { Molecule } from "../chem/molecule.ts";
import type { EngineOptions } from "../engines/open-engine.ts";
import { InputError, type Place } from "../errors.ts";
import type { Potential } from "../physics/potential.ts";
import { inUnit } from "../physics/units.ts";
import { marksInWords, massesOf } from "../simulate/marks.ts";
import { type OpenedPotential, openPotential, type PotentialSource } from "../simulate/open-potential.ts";
import type { SimulationRecord } from "../simulate/record.ts";
import { frameOf, observe, type RunOutcome, runSimulation } from "../simulate/run.ts";
import { checkOverlap, checkReach, explosion, lonelyAtom } from "../simulate/sanity.ts";
import { isDynamics, type RunSettings } from "../simulate/settings.ts";
import { startState } from "../simulate/start.ts";
import { refresh, type SimulationState } from "../simulate/state.ts";
import type { SimulationSummary } from "../simulate/summary.ts";
import { reporterOf, type WorkflowOptions } from "./workflow.ts";

/** How far a simulation goes in one sitting, and what computes it. */
export interface SittingOptions extends WorkflowOptions {
  /** Stop after so many seconds of computing, saved where there is a folder. */
  readonly maxSeconds?: number | undefined;
  readonly engine?: EngineOptions | undefined;
}

/** What a simulation came to. Energies in the unit that was asked for. */
export type SimulationFigures = {
  /** Name of the potential. */
  readonly potential: string;
  readonly engine: string;
  readonly atoms: number;
  readonly replicas: number;
  /** Steps that the simulation has now. */
  readonly steps: number;
  readonly units: RunSettings["units"];
  /** All steps are done, or every replica is in a minimum. */
  readonly finished: boolean;
  /** The signal ended it. */
  readonly interrupted: boolean;
  /** Of this sitting, and its steps in each of them. */
  readonly seconds: number;
  readonly stepsPerSecond: number;
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

/** What is simulated and where it is recorded. */
export interface Sitting<R extends SimulationRecord> {
  readonly settings: RunSettings;
  readonly source: PotentialSource;
  /** Opens the record, once the start is known to make sense; one that is resumed puts its checkpoint into the state. */
  readonly open: (state: SimulationState) => Promise<R>;
  readonly resumed: boolean;
  /** Where the start is from, for messages. */
  readonly place: Place;
}

/** How a sitting went. */
export interface Sat<R> {
  readonly record: R;
  /** The last configuration of each replica. */
  readonly final: readonly Molecule[];
  /** The figures, once the whole simulation is summarised. */
  readonly figures: (summary: SimulationSummary) => SimulationFigures;
  readonly potential: string;
  readonly engine: string;
}

/**
 * Runs until the end, `maxSeconds` or the signal.
 * @throws InputError for a start that makes no sense, and when the trajectory explodes
 */
export async function sit<R extends SimulationRecord>(
  { settings, source, open, resumed, place }: Sitting<R>,
  options: SittingOptions,
): Promise<Sat<R>> {
  const { maxSeconds, signal } = options;
  const { notice, warning, task, named } = reporterOf(options);
  const { method, replicas, timestep, elements, steps } = settings;
  massesOf(settings);
  const start = settings.start.slice(0, 3 * elements.length);
  const opened = await openPotential(source, start, { onNotice: notice, named, ...options.engine });
  const { potential, engine } = opened;
  try {
    const state = startState(settings, potential.external === true);
    if (!resumed) await checkStart(state, settings, opened, place);
    const record = await open(state);
    const before = state.step;
    for (const text of marksInWords(settings)) notice(text);
    if (elements.length === 1 && method === "nve" && !potential.external)
      notice("one atom that nothing acts on stays at rest: its motion as a whole is taken out");
    notice(
      `${replicas > 1 ? `${replicas} × ` : ""}${elements.length} atom${elements.length === 1 ? "" : "s"}, ${potential.name}, ${engine}; ${describe(settings)}`,
    );
    const progress = task(isDynamics(method) ? "simulating" : "optimising", steps - before);
    const outcome = await runSimulation({
      ...{ settings, potential, state, record, resumed, maxSeconds, signal, named },
      onProgress: (step, { temperature, potential: energy }) =>
        progress(
          step - before,
          isDynamics(method)
            ? `${((step * timestep) / 1000).toFixed(2)} ps  ${mean(temperature).toFixed(0)} K`
            : `${mean(energy).toFixed(3)} kcal/mol`,
        ),
    });
    const line = observe(state, settings, potential);
    const final = Array.from({ length: replicas }, (_, b) => frameOf(state, settings, line, b));
    const loose = looseAtom(state, potential);
    if (loose !== undefined)
      warning(`${loose} ended farther than ${potential.cutoff} Å from all others: the molecule fell apart`);
    const { finished, converged = [] } = outcome;
    const interrupted = signal?.aborted === true;
    if (!isDynamics(method) && !finished && !interrupted)
      warning(
        `${converged.filter((there) => !there).length} of ${replicas} did not reach ${named("forceTolerance")} ${settings.forceTolerance} in ${state.step} steps`,
      );
    const facts = { potential: potential.name, engine, interrupted };
    return {
      ...{ record, final, potential: potential.name, engine },
      figures: (summary) => ({ ...facts, ...figuresOf(state, settings, outcome, summary) }),
    };
  } finally {
    opened.close();
  }
}

function figuresOf(
  state: SimulationState,
  settings: RunSettings,
  { finished, converged = [], seconds, stepsHere }: RunOutcome,
  summary: SimulationSummary,
) {
  const { method, timestep, units } = settings;
  const facts = {
    ...{ atoms: state.atoms, replicas: state.replicas, steps: state.step, units, finished, seconds },
    stepsPerSecond: Math.round((10 * stepsHere) / seconds) / 10,
  };
  if (!isDynamics(method)) {
    const energies = Array.from(state.energies, (energy) => inUnit(energy, units));
    return { ...facts, method, converged, energies };
  }
  return {
    ...{ ...facts, method, time: (state.step * timestep) / 1000, temperature: summary.temperature },
    potentialEnergy: inUnits(summary.potential, settings),
    drift: inUnits(summary.drift, settings),
  };
}

/** What cannot be simulated is found before anything is recorded. @throws InputError naming where the start is from */
async function checkStart(
  state: SimulationState,
  settings: RunSettings,
  { potential, nearest }: OpenedPotential,
  place: Place,
): Promise<void> {
  if (nearest > 0) checkOverlap(state, nearest, place);
  checkReach(state, potential, place);
  try {
    await refresh(state, potential); // an unknown element shows here
  } catch (error) {
    if (error instanceof InputError && error.file === undefined) throw new InputError(error.message, place);
    throw error;
  }
  const { temperature } = observe(state, settings, potential);
  const problem = explosion(state, temperature, settings.temperature);
  if (problem !== undefined) throw new InputError(`cannot be simulated: ${problem} at the start`, place);
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

const inUnits = <T extends Readonly<Record<string, number>>>(energies: T, { units }: RunSettings): T =>
  Object.fromEntries(Object.entries(energies).map(([name, energy]) => [name, inUnit(energy, units)])) as T;

function describe({ method, timestep, temperature, friction, steps }: RunSettings): string {
  if (!isDynamics(method)) return `${method}, at most ${steps} steps`;
  const heat = method === "nvt" ? `${temperature} K, friction ${friction}/ps` : `from ${temperature} K`;
  return `${method}, ${heat}, ${steps} steps of ${timestep} fs`;
}
