/**
 * The folder of a simulation: `settings.json`; `trajectory.extxyz` and `observables.jsonl`, which grow; and
 * `state.safetensors`, the checkpoint, which says how far those two had grown. Going on cuts them back to there.
 */
import { existsSync } from "node:fs";
import { appendFile, readFile, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { InputError, ownName } from "../../errors.ts";
import { formatExtxyz } from "../../formats/extxyz.ts";
import type { Tensor } from "../../formats/safetensors.ts";
import { writeFileAtomically } from "../../platform/node/atomic-write.ts";
import { readSafetensors, writeSafetensors } from "../../platform/node/safetensors.ts";
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
export type SimulationFolder = SimulationRecord & { readonly path: string };

/** @throws InputError when the folder holds a simulation already, or cannot be written to */
export async function createFolder(
  path: string,
  settings: SimulationSettings,
  named = ownName,
): Promise<SimulationFolder> {
  if (existsSync(settingsOf(path)))
    throw new InputError(
      `holds a simulation already; use ${named("resume")} to go on with it, or another ${named("out")}`,
      { file: path },
    );
  await makeFolder(path);
  await writeSettings(path, settings);
  for (const file of [trajectoryOf(path), observablesOf(path)]) await writeFileAtomically(file, "");
  return growing(path, [0, 0]);
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
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(file, "utf8"));
  } catch {
    throw new InputError("is not JSON", { file });
  }
  const settings = simulationSettingsSchema.safeParse(parsed);
  if (settings.success) return settings.data;
  const [issue] = settings.error.issues;
  throw new InputError(`${issue.path.join(".") || "settings"}: ${issue.message}`, { file });
}

const checkpointSchema = z.object({
  step: z.coerce.number().int().nonnegative(),
  trajectory: z.coerce.number().int().nonnegative(),
  observables: z.coerce.number().int().nonnegative(),
});

/**
 * Puts the checkpoint into `state` (positions, velocities, step) and opens the folder where it left off.
 * @throws InputError when the checkpoint is damaged, is of other atoms or replicas, or there is nothing left to do
 */
export async function resumeFolder(
  path: string,
  state: SimulationState,
  settings: SimulationSettings,
  named = ownName,
): Promise<SimulationFolder> {
  const file = stateOf(path);
  if (!existsSync(file)) throw new InputError("has no checkpoint to go on from", { file: path });
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
  state.positions.set(array("positions"));
  state.velocities.set(array("velocities"));
  if (!(numbers instanceof Uint8Array) || numbers.join() !== state.atomicNumbers.join())
    throw new InputError("does not match: its atoms are other elements than those of the run", { file });
  state.step = checkpoint.data.step;
  if (state.step >= settings.steps)
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
  return growing(path, [...lengths]);
}

function growing(path: string, lengths: [number, number]): SimulationFolder {
  const files = [trajectoryOf(path), observablesOf(path)];
  const waiting: [string, string] = ["", ""];
  const flush = async (): Promise<void> => {
    for (const k of [0, 1] as const) {
      if (waiting[k] === "") continue;
      const text = waiting[k];
      waiting[k] = "";
      await writing(files[k], () => appendFile(files[k], text));
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
      await writeSafetensors(stateOf(path), tensors, {
        step: String(step),
        trajectory: String(lengths[0]),
        observables: String(lengths[1]),
      });
    },
  };
}

/** The lines of observables.jsonl in turn. */
export async function readObservables(path: string): Promise<ObservablesLine[]> {
  const text = await readFile(observablesOf(path), "utf8");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as ObservablesLine);
}
