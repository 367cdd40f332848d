/**
 * The folder of a simulation: `settings.json`; `trajectory.extxyz` and `observables.jsonl`, which grow; and
 * `state.safetensors`, the checkpoint, which says how far those two had grown. Going on cuts them back to there. One
 * process at a time writes in it: it holds `.lock`.
 */
import { existsSync } from "node:fs";
import { appendFile, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { InputError, type Named, ownName, printable } from "../../errors.ts";
import { formatExtxyz } from "../../formats/extxyz.ts";
import { jsonOf } from "../../formats/json.ts";
import type { Tensor } from "../../formats/safetensors.ts";
import { writeFileAtomically } from "../../platform/node/atomic-write.ts";
import { readText } from "../../platform/node/file-bytes.ts";
import { takeLock } from "../../platform/node/lock.ts";
import { readSafetensors, writeSafetensors } from "../../platform/node/safetensors.ts";
import { sweep } from "../../platform/node/sweep.ts";
import { makeFolder, writing } from "../../platform/node/write-problem.ts";
import type { ObservablesLine, SimulationRecord } from "../record.ts";
import { type SimulationSettings, simulationSettingsSchema } from "../settings.ts";
import type { SimulationState } from "../state.ts";

export const trajectoryOf = (folder: string): string => join(folder, "trajectory.extxyz");
export const finalOf = (folder: string): string => join(folder, "final.extxyz");
export const reportOf = (folder: string): string => join(folder, "report.html");
const observablesOf = (folder: string): string => join(folder, "observables.jsonl");
const settingsOf = (folder: string): string => join(folder, "settings.json");
const stateOf = (folder: string): string => join(folder, "state.safetensors");

/** Appends to the two growing files; what it was given is on the disk after `flush`. */
export type SimulationFolder = SimulationRecord & {
  readonly path: string;
  /** Lets other processes write in it. */
  readonly close: () => void;
};

/**
 * A new folder, to be closed again.
 * @throws InputError when it holds a simulation already, another process writes in it, or it cannot be written to
 */
export async function createFolder(
  path: string,
  settings: SimulationSettings,
  named = ownName,
): Promise<SimulationFolder> {
  await makeFolder(path);
  return locked(path, async () => {
    if (existsSync(stateOf(path)))
      throw new InputError(
        `holds a simulation already; use ${named("resume")} to go on with it, or another ${named("out")}`,
        { file: path },
      );
    await writeSettings(path, settings);
    for (const file of [trajectoryOf(path), observablesOf(path)]) await writeFileAtomically(file, "");
    return growing(path, [0, 0], named);
  });
}

/** Takes the folder's lock, clears away what a killed process left and opens it. */
async function locked(
  path: string,
  open: () => Promise<Omit<SimulationFolder, "close">>,
): Promise<SimulationFolder> {
  const close = await takeLock(join(path, ".lock"), path);
  try {
    await sweep(path);
    return { ...(await open()), close };
  } catch (error) {
    close();
    throw error;
  }
}

const writeSettings = (path: string, settings: SimulationSettings): Promise<void> =>
  writeFileAtomically(settingsOf(path), `${JSON.stringify(settings)}\n`);

/** What a simulation was started with. @throws InputError when the folder holds none */
export async function readSettings(path: string, named = ownName): Promise<SimulationSettings> {
  const file = settingsOf(path);
  if (!existsSync(file))
    throw new InputError(`holds no simulation to go on with; leave out ${named("resume")} to start one`, {
      file: path,
    });
  const settings = simulationSettingsSchema.safeParse(jsonOf(await readText(file), { file }));
  if (settings.success) return settings.data;
  const [issue] = settings.error.issues;
  throw new InputError(printable(`${issue.path.join(".") || "settings"}: ${issue.message}`), { file });
}

const checkpointSchema = z.object({
  step: z.coerce.number().int().nonnegative(),
  trajectory: z.coerce.number().int().nonnegative(),
  observables: z.coerce.number().int().nonnegative(),
});

/**
 * Puts the checkpoint into `state` (positions, velocities, step) and opens the folder where it left off, to be closed
 * again.
 * @throws InputError when the checkpoint is damaged, is of other atoms or replicas, there is nothing left to do, or
 * another process writes in the folder
 */
export const resumeFolder = (
  path: string,
  state: SimulationState,
  settings: SimulationSettings,
  named = ownName,
): Promise<SimulationFolder> => locked(path, () => wentOn(path, state, settings, named));

async function wentOn(
  path: string,
  state: SimulationState,
  settings: SimulationSettings,
  named: Named,
): Promise<Omit<SimulationFolder, "close">> {
  const file = stateOf(path);
  if (!existsSync(file))
    throw new InputError(`has no checkpoint to go on from; leave out ${named("resume")} to start`, {
      file: path,
    });
  const { tensors, metadata } = await readSafetensors(file);
  const checkpoint = checkpointSchema.safeParse(metadata);
  if (!checkpoint.success) throw new InputError("not the checkpoint of a simulation", { file });
  const numbers = tensors.get("atomicNumbers")?.data;
  const shape = [state.replicas, state.atoms, 3];
  const array = (name: string): Float64Array => {
    const tensor = tensors.get(name);
    if (!(tensor?.data instanceof Float64Array) || tensor.shape.join() !== shape.join())
      throw new InputError(
        `does not match: "${name}" is [${tensor?.shape.join(", ") ?? "missing"}], but the run has ${state.replicas} replicas of ${state.atoms} atoms`,
        { file },
      );
    return tensor.data;
  };
  for (const name of ["positions", "velocities"])
    if (!array(name).every(Number.isFinite))
      throw new InputError(`tensor "${name}" has values that are not finite; the checkpoint is damaged`, {
        file,
      });
  state.positions.set(array("positions"));
  state.velocities.set(array("velocities"));
  if (!(numbers instanceof Uint8Array) || numbers.join() !== state.atomicNumbers.join())
    throw new InputError("does not match: its atoms are other elements than those of the run", { file });
  state.step = checkpoint.data.step;
  // A run that ended before it was reported is reported now.
  if (state.step >= settings.steps && existsSync(finalOf(path)) && existsSync(reportOf(path)))
    throw new InputError(
      `has ${state.step} steps already; ask for more with ${named("steps")} or ${named("time")}`,
      { file: path },
    );
  const lengths = [checkpoint.data.trajectory, checkpoint.data.observables] as const;
  for (const [k, grown] of [trajectoryOf(path), observablesOf(path)].entries()) {
    const size = (await stat(grown).catch(() => undefined))?.size ?? 0;
    if (size < lengths[k])
      throw new InputError("is shorter than when the checkpoint was written; it cannot be gone on with", {
        file: grown,
      });
    await writing(grown, () => truncate(grown, lengths[k]));
  }
  await writeSettings(path, settings); // the number of steps may be another now
  return growing(path, [...lengths], named);
}

function growing(path: string, lengths: [number, number], named: Named): Omit<SimulationFolder, "close"> {
  const files = [trajectoryOf(path), observablesOf(path)];
  const waiting: [string, string] = ["", ""];
  const flush = async (): Promise<void> => {
    for (const k of [0, 1] as const) {
      if (waiting[k] === "") continue;
      const text = waiting[k];
      waiting[k] = "";
      await resumable(path, named, () => writing(files[k], () => appendFile(files[k], text)));
      lengths[k] += Buffer.byteLength(text);
    }
  };
  return {
    path,
    frame: (frame) => {
      waiting[0] += formatExtxyz(frame);
    },
    line: (line) => {
      waiting[1] += `${JSON.stringify(line)}\n`;
    },
    flush,
    save: async (state) => {
      await flush();
      const { replicas, atoms, positions, velocities, atomicNumbers, step } = state;
      const shape = [replicas, atoms, 3];
      const tensors = new Map<string, Tensor>([
        ["positions", { dtype: "F64", shape, data: positions }],
        ["velocities", { dtype: "F64", shape, data: velocities }],
        ["atomicNumbers", { dtype: "U8", shape: [atoms], data: atomicNumbers }],
      ]);
      const progress = {
        step: String(step),
        trajectory: String(lengths[0]),
        observables: String(lengths[1]),
      };
      await resumable(path, named, () => writeSafetensors(stateOf(path), tensors, progress));
    },
  };
}

/** Says of a full disk how the run goes on. */
async function resumable<T>(path: string, named: Named, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!(error instanceof InputError) || !existsSync(stateOf(path))) throw error;
    throw new InputError(
      `${error.message}; then go on with ${named("resume")}: the last checkpoint is intact`,
    );
  }
}

const observablesSchema = (replicas: number) => {
  const each = z.array(z.number()).length(replicas);
  return z.object({
    step: z.number().int().nonnegative(),
    time: z.number().nonnegative(),
    potential: each,
    kinetic: each,
    temperature: each,
  });
};

/**
 * The lines of observables.jsonl in turn.
 * @throws InputError naming the line that is none of a run with so many replicas
 */
export async function readObservables(path: string, replicas: number): Promise<ObservablesLine[]> {
  const file = observablesOf(path);
  const schema = observablesSchema(replicas);
  return (await readText(file)).split("\n").flatMap((text, k) => {
    if (text === "") return [];
    const place = { file, line: k + 1 };
    const line = schema.safeParse(jsonOf(text, place));
    if (line.success) return [line.data];
    const [issue] = line.error.issues;
    throw new InputError(printable(`${issue.path.join(".") || "observables"}: ${issue.message}`), place);
  });
}
