/** `equimol simulate`: molecular dynamics and geometry optimisation. */
import { symbolOf } from "../chem/elements.ts";
import { InputError } from "../errors.ts";
import { ARGON } from "../physics/reference-potentials.ts";
import { inUnit } from "../physics/units.ts";
import { writeFileAtomically } from "../platform/node/atomic-write.ts";
import { writeMolecules } from "../platform/node/molecules.ts";
import { packageVersion } from "../platform/node/version.ts";
import { createFolder, finalOf, reportOf, resumeFolder, trajectoryOf } from "../simulate/folder.ts";
import { openPotential } from "../simulate/open-potential.ts";
import { frameOf, observe, runSimulation } from "../simulate/run.ts";
import { checkOverlap, checkReach, explosion, lonelyAtom } from "../simulate/sanity.ts";
import { isDynamics, METHODS, type SimulationSettings } from "../simulate/settings.ts";
import { massesOf, startState } from "../simulate/start.ts";
import { refresh } from "../simulate/state.ts";
import { summarize } from "../simulate/summary.ts";
import { simulationPage } from "../views/simulation-page.ts";
import { engineArgs, engineOptions } from "./options/engine-options.ts";
import { commonOptions, numberOption, seedOption } from "./options/options.ts";
import { settingsOfArgs, settingsOfRun } from "./options/simulate-settings.ts";
import { createOutput, duration, type Progress } from "./output.ts";
import { program, quoted } from "./program.ts";
import { exitCodeOf, onSignal, type Signal } from "./signals.ts";
import { defineVerb } from "./verb.ts";

export const simulate = defineVerb({
  meta: {
    name: "simulate",
    description: "Molecular dynamics and geometry optimisation with a force field.",
  },
  args: {
    start: {
      type: "positional",
      required: false,
      description:
        "file with the molecule to start from; with --replicas, one for each (a coarse-grained model starts from samples of its own)",
    },
    model: {
      type: "string",
      valueHint: "RUN|NAME",
      description: "force field: model or run folder, or shipped model",
    },
    potential: {
      type: "string",
      valueHint: "lennard-jones|harmonic",
      description: "in place of a model: Lennard-Jones (argon), or a harmonic well for every atom",
    },
    out: { type: "string", required: true, valueHint: "FOLDER", description: "folder of the simulation" },
    method: {
      type: "string",
      valueHint: METHODS.join("|"),
      description: "nvt: Langevin BAOAB, nve: velocity Verlet; fire and lbfgs optimise the geometry (nvt)",
    },
    time: { type: "string", valueHint: "PS", description: "length of the simulation in ps (10)" },
    steps: {
      type: "string",
      valueHint: "N",
      description: "the same in steps; of optimisations the most there may be (1000)",
    },
    timestep: { type: "string", valueHint: "FS", description: "time step in fs (0.5)" },
    temperature: {
      type: "string",
      valueHint: "K",
      description: "of the first velocities, and of the thermostat (300)",
    },
    friction: { type: "string", valueHint: "1/PS", description: "of nvt, per ps (1)" },
    replicas: { type: "string", valueHint: "B", description: "how many trajectories at once (1)" },
    every: { type: "string", valueHint: "N", description: "steps from frame to frame (20; optimisations 1)" },
    units: {
      type: "string",
      valueHint: "kcal/mol|eV",
      description: "of energies in the trajectory (kcal/mol)",
    },
    "force-tolerance": {
      type: "string",
      valueHint: "F",
      description: "optimisations end when no atom feels more, kcal/mol/Å (0.1)",
    },
    epsilon: {
      type: "string",
      valueHint: "E",
      description: `depth of Lennard-Jones, kcal/mol (${ARGON.epsilon})`,
    },
    sigma: { type: "string", valueHint: "R", description: `diameter of Lennard-Jones, Å (${ARGON.sigma})` },
    cutoff: { type: "string", valueHint: "R", description: "of Lennard-Jones, Å (none)" },
    stiffness: { type: "string", valueHint: "K", description: "of harmonic wells, kcal/mol/Å² (100)" },
    noise: {
      type: "string",
      valueHint: "Å",
      description: "noise level whose score is the force of a coarse-grained model (what it recommends)",
    },
    resume: { type: "boolean", description: "go on with the simulation in --out, bit for bit" },
    "max-seconds": { type: "string", valueHint: "S", description: "save and stop after this much computing" },
    seed: { ...seedOption.seed, default: undefined, description: "seed of velocities and noise (0)" },
    ...engineArgs,
    ...commonOptions,
  },
  examples: [
    {
      command: "equimol simulate --model runs/ethanol ethanol.xyz --out md --time 100",
      does: "100 ps at 300 K",
    },
    {
      command: "equimol simulate --model runs/ethanol ethanol.xyz --out nve --method nve",
      does: "at constant energy",
    },
    {
      command: "equimol simulate --model runs/ethanol ethanol.xyz --out best --method lbfgs",
      does: "to the nearest minimum",
    },
    {
      command:
        "equimol simulate --potential lennard-jones argon.xyz --out argon --temperature 20 --timestep 5",
      does: "without a model",
    },
    {
      command:
        "equimol simulate --model ala2-cg --replicas 100 --timestep 4 --time 1000 --every 250 --out cg",
      does: "100 coarse-grained molecules for a nanosecond each",
    },
    { command: "equimol simulate --out md --resume --time 200", does: "go on to 200 ps" },
  ],
  run: async ({ args }) => {
    const output = createOutput(args);
    const maxSeconds = numberOption("max-seconds", args["max-seconds"], { min: 0 });
    const engineChoice = { ...engineOptions(args), onNotice: output.log };
    const resumed = args.resume === true;
    const settings = resumed ? await settingsOfRun(args) : await settingsOfArgs(args);
    const { steps } = settings;
    const atoms = settings.elements.length;
    const place = args.start ?? args.out;
    massesOf(settings.elements);
    const { potential, engine, nearest } = await openPotential(
      settings.potential,
      settings.start.slice(0, 3 * atoms),
      engineChoice,
    );
    const state = startState(settings, potential.external === true);
    let folder: Awaited<ReturnType<typeof createFolder>>;
    if (resumed) folder = await resumeFolder(args.out, state, settings);
    else {
      if (nearest > 0) checkOverlap(state, nearest, place);
      checkReach(state, potential, place);
      await at(place, () => refresh(state, potential)); // unknown elements are found before files are made
      const { temperature } = observe(state, settings, potential);
      const problem = explosion(state, temperature, settings.temperature);
      if (problem !== undefined)
        throw new InputError(`cannot be simulated: ${problem} at the start`, { file: place });
      folder = await createFolder(args.out, settings);
    }

    const abort = new AbortController();
    let signal: Signal | undefined;
    const release = onSignal((received) => {
      signal = received;
      output.log(`${received}: saving; once more to stop at once`);
      abort.abort();
    });
    const before = state.step;
    output.log(
      `${settings.replicas > 1 ? `${settings.replicas} × ` : ""}${atoms} atoms, ${potential.name}, ${engine}; ${describe(settings, steps)}`,
    );
    const progress: Progress = output.progress(
      isDynamics(settings.method) ? "simulating" : "optimising",
      steps - before,
    );
    let outcome: Awaited<ReturnType<typeof runSimulation>>;
    try {
      outcome = await runSimulation({
        settings,
        potential,
        state,
        folder,
        resumed,
        ...(maxSeconds === undefined ? {} : { maxSeconds }),
        signal: abort.signal,
        onProgress: (step, { temperature, potential: energy }) =>
          progress.update(
            step - before,
            isDynamics(settings.method)
              ? `${((step * settings.timestep) / 1000).toFixed(2)} ps  ${mean(temperature).toFixed(0)} K`
              : `${mean(energy).toFixed(3)} kcal/mol`,
          ),
      });
    } finally {
      progress.done();
      release();
      potential.dispose?.();
    }

    const line = observe(state, settings, potential);
    const frames = Array.from({ length: settings.replicas }, (_, b) => frameOf(state, settings, line, b));
    await writeMolecules(finalOf(args.out), frames);
    const summary = await summarize(args.out, settings);
    await writeFileAtomically(
      reportOf(args.out),
      simulationPage({
        settings,
        summary,
        potential: potential.name,
        provenance: { engine, equimol: packageVersion() },
      }),
    );
    for (let b = 0; b < settings.replicas && potential.cutoff !== undefined; b++) {
      const atom = lonelyAtom(state, b, potential.cutoff);
      if (atom < 0) continue;
      output.warn(
        `atom ${atom + 1} (${symbolOf(settings.elements[atom])})${settings.replicas > 1 ? ` of replica ${b}` : ""} ended farther than ${potential.cutoff} Å from all others: the molecule fell apart`,
      );
      break;
    }
    const { step, finished, converged, seconds, stepsHere } = outcome;
    const rate = stepsHere / seconds;
    const dynamics = isDynamics(settings.method);
    output.result({
      out: args.out,
      method: settings.method,
      potential: potential.name,
      engine,
      atoms,
      replicas: settings.replicas,
      steps: step,
      ...(dynamics
        ? {
            time: (step * settings.timestep) / 1000,
            temperature: summary.temperature,
            potentialEnergy: inUnits(summary.potential, settings),
            drift: inUnits(summary.drift, settings),
          }
        : { converged, energies: Array.from(state.energies, (energy) => inUnit(energy, settings.units)) }),
      units: settings.units,
      finished,
      interrupted: signal !== undefined,
      seconds,
      stepsPerSecond: Math.round(10 * rate) / 10,
      trajectory: trajectoryOf(args.out),
      final: finalOf(args.out),
      report: reportOf(args.out),
    });
    if (dynamics) {
      const { temperature, drift } = summary;
      const kept =
        settings.method === "nve"
          ? `, drift ${drift.perAtomIn100ps.toExponential(1)} kcal/mol per atom in 100 ps`
          : "";
      output.print(
        `${((step * settings.timestep) / 1000).toLocaleString("en")} ps in ${duration(seconds)} (${rate.toPrecision(3)} steps/s): ${temperature.mean.toFixed(1)} ± ${temperature.deviation.toFixed(1)} K${kept} → ${trajectoryOf(args.out)}, ${reportOf(args.out)}`,
      );
      if (!finished) output.print(`Go on with: ${program()} simulate --out ${quoted(args.out)} --resume`);
    } else {
      if (!finished && signal === undefined)
        output.warn(
          `${converged?.filter((there) => !there).length} of ${settings.replicas} did not reach --force-tolerance ${settings.forceTolerance} in ${step} steps`,
        );
      output.print(
        `${step} steps of ${settings.method}: ${Array.from(state.energies, (energy) => inUnit(energy, settings.units).toFixed(4)).join(", ")} ${settings.units} → ${finalOf(args.out)}`,
      );
    }
    return { exitCode: signal === undefined ? 0 : exitCodeOf(signal) };
  },
});

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

const inUnits = (
  energies: Readonly<Record<string, number>>,
  { units }: SimulationSettings,
): Record<string, number> =>
  Object.fromEntries(Object.entries(energies).map(([name, energy]) => [name, inUnit(energy, units)]));

function describe({ method, timestep, temperature, friction }: SimulationSettings, steps: number): string {
  if (!isDynamics(method)) return `${method}, at most ${steps} steps`;
  const heat = method === "nvt" ? `${temperature} K, friction ${friction}/ps` : `from ${temperature} K`;
  return `${method}, ${heat}, ${steps} steps of ${timestep} fs`;
}

/** What is wrong with the input, with the file that it came from. */
async function at<T>(file: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof InputError && error.file === undefined)
      throw new InputError(error.message, { file });
    throw error;
  }
}
