/** Where what the user keeps lies: data sets below `data/NAME`, images of the lab below `lab/NAME`. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** `$EQUIMOL_HOME`, or `.equimol` in the home directory. */
export function dataHome(): string {
  const fromEnvironment = process.env.EQUIMOL_HOME;
  return fromEnvironment ? resolve(fromEnvironment) : join(homedir(), ".equimol");
}
