/**
 * Who made a lock or a temporary file, and whether that process still lives. Wall clocks decide nothing: they go
 * backwards. A number that another process has by now is told by when that process began, where the system says so.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";

/** A process. */
export interface Owner {
  readonly pid: number;
  readonly host: string;
  /** Tells processes of the same number apart; "0" where the system does not say when they began. */
  readonly began: string;
}

const short = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 8);

/** The start of a process in clock ticks since the boot that is named with it; "0" without Linux's /proc. */
function beganOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const ticks = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]; // behind the name, which may hold anything
    return short(`${readFileSync("/proc/sys/kernel/random/boot_id", "latin1")} ${ticks}`);
  } catch {
    return "0";
  }
}

/** This process. */
export const thisProcess: Owner = { pid: process.pid, host: hostname(), began: beganOf(process.pid) };

/** Whether the process is known to have ended. Of another machine's that is not known. */
export function hasEnded({ pid, host, began }: Owner): boolean {
  if (host !== thisProcess.host) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH"; // else it is another user's
  }
  const now = beganOf(pid);
  return began !== "0" && now !== "0" && now !== began;
}

/** `1234-1f2e3d4c-5b6a7988`: the process in the name of a file. */
export const ownerMark = ({ pid, host, began }: Owner = thisProcess): string =>
  `${pid}-${short(host)}-${began}`;

/** Whether the process that a mark names is known to have ended. */
export function markHasEnded(mark: string): boolean {
  const [pid, host, began] = mark.split("-");
  return host === short(thisProcess.host) && hasEnded({ pid: Number(pid), host: thisProcess.host, began });
}
