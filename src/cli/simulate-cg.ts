/** `equimol simulate` with a model of a coarse-grained molecule: Langevin dynamics of many replicas. */

import type { Molecule } from "../chem/molecule.ts";
import { loadDataset } from "../data/store.ts";
import { InputError } from "../errors.ts";
import { checkMoleculeTarget, writeMolecules } from "../formats/write.ts";
import { beadDynamics } from "../models/cg/dynamics.ts";
import { commonBeads } from "../models/cg/frames.ts";
import { beadsAt, sampleBeads } from "../models/cg/generate.ts";
import { type CgModel, loadCg } from "../models/cg/model.ts";
import { findModel } from "../models/edm/model.ts";
import { commonOptions, integerOption, numberOption, seedOption, threadsOption } from "./options.ts";
import { createOutput, duration, type Output } from "./output.ts";
import { program, quoted } from "./program.ts";
import { defineVerb } from "./verb.ts";

/** Steps of the sampler that starts the replicas. */
const START_STEPS = 250;

export interface SimulateCgWords {
  readonly model: string;
  readonly out: string;
  readonly replicas: string;
  readonly steps: string;
  readonly timestep: string;
  readonly friction: string;
  readonly every: string;
  readonly noise?: string | undefined;
  readonly start?: string | undefined;
  readonly seed: string;
}

/** The verb, where no other model is simulated. */
export const simulate = defineVerb({
  meta: { name: "simulate", description: "Langevin dynamics in the force field of a coarse-grained model." },
  args: {
    model: {
      type: "string",
      default: "ala2-cg",
      valueHint: "RUN|NAME",
      description: "model folder, run folder or shipped model",
    },
    out: {
      type: "string",
      required: true,
      valueHint: "FILE",
      description: "trajectory to write: .extxyz or .extxyz.gz",
    },
    replicas: {
      type: "string",
      default: "100",
      valueHint: "B",
      description: "copies that move at the same time",
    },
    steps: { type: "string", default: "10000", valueHint: "K", description: "steps of each replica" },
    timestep: { type: "string", default: "4", valueHint: "FS", description: "fs" },
    friction: { type: "string", default: "1", valueHint: "γ", description: "1/ps" },
    every: { type: "string", default: "250", valueHint: "K", description: "steps between frames" },
    noise: {
      type: "string",
      valueHint: "Å",
      description: "noise level of the force (what the model recommends)",
    },
    start: { type: "string", valueHint: "FILE", description: "frames to start from (drawn from the model)" },
    ...seedOption,
    ...threadsOption,
    ...commonOptions,
  },
  examples: [
    {
      command: "equimol simulate --model ala2-cg --out trajectory.extxyz.gz",
      does: "100 replicas of alanine dipeptide for 40 ps each",
    },
    {
      command: "equimol simulate --model ala2-cg --replicas 1 --steps 1000000 --out one.extxyz.gz",
      does: "one long trajectory",
    },
  ],
  run: async ({ args }) => simulateCg(args, createOutput(args)),
});

/** Runs the dynamics; frames go to the file as they come. */
export async function simulateCg(args: SimulateCgWords, output: Output): Promise<void> {
  const began = performance.now();
  const replicas = integerOption("replicas", args.replicas, { min: 1, max: 1e6 });
  const steps = integerOption("steps", args.steps, { min: 1, max: 0xfffffffe });
  const every = integerOption("every", args.every, { min: 1 });
  const timestep = numberOption("timestep", args.timestep, { min: 1e-6, max: 1000 });
  const friction = numberOption("friction", args.friction, { min: 0 });
  const noise = numberOption("noise", args.noise, { min: 1e-4, max: 10 });
  const seed = integerOption("seed", args.seed, { min: 0 });
  if (every > steps)
    throw new InputError(`--every ${every} is more than --steps ${steps}: no frame would be written`);
  await checkMoleculeTarget(args.out);
  const model = await loadCg(findModel(args.model));
  const { beads } = model.config;
  const positions = await startOf(model, args.start, replicas, seed);

  const progress = output.progress("simulating", steps);
  let [temperature, snapshots, written] = [0, 0, 0];
  const frames = async function* (): AsyncGenerator<Molecule> {
    for await (const snapshot of beadDynamics(model, {
      positions,
      seed,
      steps,
      timestep,
      friction,
      every,
      ...(noise === undefined ? {} : { noise }),
    })) {
      progress.update(snapshot.step, `${snapshot.time.toFixed(1)} ps × ${replicas}`);
      temperature += snapshot.temperature;
      snapshots++;
      for (let b = 0; b < replicas; b++) {
        yield {
          ...beadsAt(beads, snapshot.positions, b),
          properties: { replica: b, time: snapshot.time, energy: snapshot.energies[b] },
        };
        written++;
      }
    }
  };
  await writeMolecules(args.out, frames()).finally(progress.done);
  const seconds = (performance.now() - began) / 1000;
  const nanoseconds = (replicas * steps * timestep) / 1e6;
  output.result({
    model: args.model,
    out: args.out,
    replicas,
    steps,
    timestep,
    friction,
    noise: noise ?? model.config.forceNoise,
    temperature: { target: model.config.temperature, mean: temperature / snapshots },
    simulated: { value: nanoseconds, unit: "ns" },
    frames: written,
    seed,
    seconds,
    stepsPerSecond: steps / seconds,
  });
  output.print(
    `${nanoseconds.toPrecision(4)} ns (${replicas} × ${steps} steps of ${timestep} fs) in ${duration(seconds)}, ${Math.round(steps / seconds)} steps/s of all replicas, ${(temperature / snapshots).toFixed(1)} K → ${args.out}\nCompare it with data: ${program()} evaluate cg ${quoted(args.out)} --data DATA`,
  );
}

/** Configurations to start from: of a file, over again when they run out, or drawn from the model. Å [B, N, 3] */
async function startOf(
  model: CgModel,
  file: string | undefined,
  replicas: number,
  seed: number,
): Promise<Float64Array> {
  const { beads } = model.config;
  if (file === undefined) {
    const steps = Math.min(START_STEPS, model.schedule.steps);
    return sampleBeads(model, { count: replicas, seed, sampler: "ancestral", steps });
  }
  const { train } = await loadDataset(file);
  commonBeads(train, file, beads);
  const width = 3 * beads.length;
  return Float64Array.from(
    { length: width * replicas },
    (_, k) => train.positions[k % train.positions.length],
  );
}
