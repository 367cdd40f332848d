/** Material beside the repository (`../shared`); cases that need it are skipped where it is absent. */
import { existsSync, readdirSync, readFileSync } from "node:fs";

const root = new URL("../../shared/", import.meta.url).pathname;
export const hasShared = existsSync(root);
if (!hasShared) console.warn("../shared is absent: tests on real data and reference values are skipped");

/** Path of a file or folder in ../shared. */
export const sharedPath = (path: string): string => root + path;

/** A tensor as the fixtures store it. */
export interface FixtureTensor {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly data: readonly number[];
}

/** Names of the fixtures whose file name begins with `prefix`. */
export const fixtureNames = (prefix: string): string[] =>
  hasShared
    ? readdirSync(sharedPath("fixtures"))
        .filter((name) => name.startsWith(prefix) && name.endsWith(".json"))
        .map((name) => name.slice(0, -5))
    : [];

export const readFixture = <T>(name: string): T =>
  JSON.parse(readFileSync(sharedPath(`fixtures/${name}.json`), "utf8")) as T;

/** Largest absolute difference. */
export const maxDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
};

/** ‖a − b‖ / ‖b‖. */
export const relativeDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < b.length; i++) {
    difference += (a[i] - b[i]) ** 2;
    norm += b[i] ** 2;
  }
  return Math.sqrt(difference / norm);
};
