/**
 * Everything that a run needs to go on bit for bit, in one safetensors file that is replaced atomically: parameters,
 * their average, the optimiser's moments, the clip queue, and the position in the run. Random numbers need no
 * state: they depend on seed, epoch and molecule alone.
 */
import { z } from "zod";
import { InputError } from "../errors.ts";
import type { Tensor } from "../formats/safetensors.ts";
import { readSafetensors, writeSafetensors } from "../platform/node/safetensors.ts";
import type { ClipQueue } from "./clipping.ts";
import type { OptimizerState } from "./optimizer.ts";

const count = z.number().int().nonnegative();

/** Where a run stands, as its state keeps it. */
const positionSchema = z.object({
  epoch: count,
  /** Batches of the epoch that are done. */
  batch: count,
  /** Molecules seen in all. */
  molecules: count,
  /** Seconds of training in all. */
  seconds: z.number().nonnegative(),
  /** Lowest validation loss so far. */
  best: z.number().nullable(),
  /** Step of the last validation. */
  validated: count.default(0),
});

/** Where a run stands. */
export type RunPosition = Readonly<z.infer<typeof positionSchema>>;

/** All that a run needs to go on, bit for bit. */
export interface TrainingState {
  readonly optimizer: OptimizerState;
  readonly clipQueue: ClipQueue;
  readonly position: RunPosition;
}

const ARRAYS = ["parameters", "ema", "firstMoment", "secondMoment", "largestSecondMoment"] as const;

export async function writeState(
  file: string,
  { optimizer, clipQueue, position }: TrainingState,
): Promise<void> {
  const tensors = new Map<string, Tensor>();
  for (const name of ARRAYS) {
    tensors.set(name, { dtype: "F32", shape: [optimizer[name].length], data: optimizer[name] });
  }
  tensors.set("clipQueue", { dtype: "F64", shape: [clipQueue.length], data: Float64Array.from(clipQueue) });
  await writeSafetensors(file, tensors, {
    steps: String(optimizer.steps),
    position: JSON.stringify(position),
  });
}

/** @throws InputError when the file is damaged or belongs to a network of another size */
export async function readState(file: string, parameterCount: number): Promise<TrainingState> {
  const { tensors, metadata } = await readSafetensors(file);
  const array = (name: string): Float32Array => {
    const data = tensors.get(name)?.data;
    const expected = name === "largestSecondMoment" && data?.length === 0 ? 0 : parameterCount;
    if (!(data instanceof Float32Array) || data.length !== expected) {
      throw new InputError(
        `expected ${expected} values in "${name}", found ${data?.length ?? "none"}; is this run's config.yaml of another network?`,
        { file },
      );
    }
    checkFinite(name, data, file);
    return data;
  };
  const queue = tensors.get("clipQueue")?.data;
  const steps = Number(metadata.steps);
  const position = positionSchema.safeParse(parsed(metadata.position));
  if (!(queue instanceof Float64Array) || !Number.isSafeInteger(steps) || !position.success) {
    throw new InputError("not the state of a training run", { file });
  }
  checkFinite("clipQueue", queue, file);
  return {
    optimizer: {
      parameters: array("parameters"),
      ema: array("ema"),
      firstMoment: array("firstMoment"),
      secondMoment: array("secondMoment"),
      largestSecondMoment: array("largestSecondMoment"),
      steps,
    },
    clipQueue: [...queue],
    position: position.data,
  };
}

function checkFinite(name: string, values: Float32Array | Float64Array, file: string): void {
  if (!values.every(Number.isFinite))
    throw new InputError(`tensor "${name}" has values that are not finite; the checkpoint is damaged`, {
      file,
    });
}

function parsed(json = ""): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
