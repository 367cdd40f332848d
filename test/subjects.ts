/** The subjects of the package by name: those in Node, and those that pages have too. */
import { readFileSync } from "node:fs";
import { ROOT } from "./cli/command-line.ts";

const subjectsOf = (door: string): string[] =>
  [...readFileSync(`${ROOT}src/${door}`, "utf8").matchAll(/exports\/(\w+)/g)].map(([, subject]) => subject);

export const UNIVERSAL: readonly string[] = subjectsOf("browser.ts");
export const SUBJECTS: readonly string[] = [...UNIVERSAL, ...subjectsOf("index.ts")].sort();
