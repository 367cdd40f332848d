/**
 * Locks: a file that is made if it is not there, and says which process made it. That of a process that has ended holds
 * nobody up. Of one on another machine it cannot be known: the message then says which file to remove.
 */
import { closeSync, linkSync, openSync, readFileSync, renameSync, unlinkSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { InputError } from "../../errors.ts";
import { hasEnded, type Owner, thisProcess } from "./owner.ts";
import { removeAtExit, settled, unfinishedBeside } from "./unfinished.ts";
import { writeProblem } from "./write-problem.ts";

/** Gives the lock back. */
export type Release = () => void;

const holderSchema = z.object({
  equimol: z.literal("lock"),
  pid: z.number().int().positive(),
  host: z.string(),
  began: z.string(),
});

/** Tries before a lock that comes and goes counts as held; ms between them. */
const TRIES = 50;
const PAUSE = 20;

/**
 * Takes the lock `file` of `place`, which is what messages call the folder or file that it guards.
 * @param problem what is thrown for an error of the system when the file is made
 * @throws InputError when another process has it, or the file cannot be made
 */
export async function takeLock(
  file: string,
  place: string,
  problem = (error: unknown): unknown => writeProblem(error, place),
): Promise<Release> {
  for (let tries = 0; tries < TRIES; tries++) {
    if (made(file, problem)) return () => released(file);
    const text = textOf(file);
    if (text === undefined) continue; // given back meanwhile
    const holder = holderOf(text);
    if (holder !== undefined && !hasEnded(holder)) throw inUse(place, file, holder);
    // One that says nothing is being written just now, or its process ended in between.
    if (holder !== undefined || tries > TRIES / 2) removeOfEnded(file, text);
    else await sleep(PAUSE);
  }
  throw new InputError(`is in use by other processes; try again later (its lock is ${file})`, {
    file: place,
  });
}

/** Removes the lock when the process that holds it has ended. */
export function breakIfEnded(file: string): void {
  const text = textOf(file);
  const holder = text === undefined ? undefined : holderOf(text);
  if (text !== undefined && holder !== undefined && hasEnded(holder)) removeOfEnded(file, text);
}

function inUse(place: string, file: string, { pid, host }: Owner): InputError {
  const who =
    host !== thisProcess.host
      ? `process ${pid} on ${host}`
      : pid === process.pid
        ? "this process already"
        : `process ${pid}`;
  return new InputError(
    `is in use by ${who}; wait until that ends, or choose another place. If it runs no more, remove ${file}`,
    { file: place },
  );
}

function made(file: string, problem: (error: unknown) => unknown): boolean {
  let handle: number;
  try {
    handle = openSync(file, "wx");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw problem(error);
  }
  removeAtExit(file);
  try {
    writeSync(handle, `${JSON.stringify({ equimol: "lock", ...thisProcess })}\n`);
  } catch (error) {
    released(file);
    throw problem(error);
  } finally {
    closeSync(handle);
  }
  return true;
}

function released(file: string): void {
  settled(file);
  remove(file);
}

function remove(file: string): void {
  try {
    unlinkSync(file);
  } catch {
    // Gone already, with its folder perhaps.
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function holderOf(text: string): Owner | undefined {
  try {
    return holderSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Of several that remove it at once none takes away the new lock of another: what is moved aside is looked at. */
function removeOfEnded(file: string, seen: string): void {
  const aside = unfinishedBeside(file);
  try {
    renameSync(file, aside);
  } catch {
    return; // another was faster
  }
  if (textOf(aside) !== seen) {
    try {
      linkSync(aside, file);
    } catch {
      // A third has taken it.
    }
  }
  remove(aside);
}
