/** What tests compare with: golden values in test/fixtures, and real data beside the repository (`../shared`), without which a
 * case is skipped. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../shared/", import.meta.url));
export const hasShared = existsSync(root);
if (!hasShared) console.warn("../shared is absent: tests on real data are skipped");

/** Path of a file or folder in ../shared. */
export const sharedPath = (path: string): string => root + path;

/** A tensor as the fixtures store it. */
export interface FixtureTensor {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly data: readonly number[];
}

/** One of test/fixtures, whose README says what it holds. */
export const readFixture = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), "utf8")) as T;

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
