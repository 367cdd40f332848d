/** `equimol simulate`: molecular dynamics and geometry optimisation. */
import { ARGON } from "../physics/reference-potentials.ts";
import { METHODS } from "../simulate/settings.ts";
import { type SimulateToFolderReport, simulateToFolder } from "../workflows/node/simulate-to-folder.ts";
import { CLOSED_FORMS } from "../workflows/simulation-request.ts";
import { followToSave } from "./follow.ts";
import { engineArgs, engineOptions } from "./options/engine-options.ts";
import {
  choiceOption,
  commonOptions,
  integerOption,
  numberOption,
  readingOption,
  seedOption,
} from "./options/options.ts";
import { createOutput, duration } from "./output.ts";
import { program, quoted } from "./program.ts";
import { exitCodeOf } from "./signals.ts";
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
    ...readingOption,
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
    const { out, start, model, resume } = args;
    const positive = { min: 1e-12 };
    const options = {
      ...{ out, start, model, resume },
      maxSeconds: numberOption("max-seconds", args["max-seconds"], { min: 0 }),
      engine: engineOptions(args),
      method: choiceOption("method", args.method, METHODS),
      units: choiceOption("units", args.units, ["kcal/mol", "eV"]),
      potential: choiceOption("potential", args.potential, CLOSED_FORMS),
      replicas: integerOption("replicas", args.replicas, { min: 1, max: 10_000 }),
      timestep: numberOption("timestep", args.timestep, { min: 1e-6, max: 1e6 }),
      temperature: numberOption("temperature", args.temperature, { min: 0, max: 1e6 }),
      friction: numberOption("friction", args.friction, { min: 0, max: 1e9 }),
      seed: integerOption("seed", args.seed, { min: 0 }),
      every: integerOption("every", args.every, { min: 1 }),
      forceTolerance: numberOption("force-tolerance", args["force-tolerance"], { min: 1e-9 }),
      steps: integerOption("steps", args.steps, { min: 1, max: 2 ** 32 - 1 }),
      time: numberOption("time", args.time, { min: 0 }),
      epsilon: numberOption("epsilon", args.epsilon, positive),
      sigma: numberOption("sigma", args.sigma, positive),
      cutoff: numberOption("cutoff", args.cutoff, positive),
      stiffness: numberOption("stiffness", args.stiffness, positive),
      noise: numberOption("noise", args.noise, { min: 1e-4, max: 10 }),
    };
    const { report, received } = await followToSave(output, "saving", (events) =>
      simulateToFolder({ ...events, ...options }),
    );
    output.result(report);
    output.print(simulationText(report));
    if ("time" in report && !report.finished)
      output.print(`Go on with: ${program()} simulate --out ${quoted(out)} --resume`);
    return { exitCode: received === undefined ? 0 : exitCodeOf(received) };
  },
});

function simulationText(report: SimulateToFolderReport): string {
  if (!("time" in report)) {
    const energies = report.energies.map((energy) => energy.toFixed(4)).join(", ");
    return `${report.steps} steps of ${report.method}: ${energies} ${report.units} → ${report.final}`;
  }
  const { time, temperature, drift, units, seconds, stepsPerSecond } = report;
  const kept =
    report.method === "nve"
      ? `, drift ${drift.perAtomIn100ps.toExponential(1)} ${units} per atom in 100 ps`
      : "";
  return `${time.toLocaleString("en")} ps in ${duration(seconds)} (${stepsPerSecond.toPrecision(3)} steps/s): ${temperature.mean.toFixed(1)} ± ${temperature.deviation.toFixed(1)} K${kept} → ${report.trajectory}, ${report.report}`;
}
