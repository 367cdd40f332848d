import fc from "fast-check";
import { expect, test } from "vitest";
import { integerOption, integersOption, numberOption } from "../../src/cli/options/options.ts";

test("every safe integer is read as itself", () => {
  fc.assert(fc.property(fc.maxSafeInteger(), (n) => integerOption("seed", String(n)) === n));
});

test("every finite number is read as itself", () => {
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
  fc.assert(fc.property(finite, (x) => Object.is(numberOption("eta", String(x)), x) || x === 0));
});

test.each(["", " ", "1.5", "0x10", "1e3", "ten", "9007199254740993", "NaN", "Infinity", "--"])(
  "%j is no integer",
  (text) => {
    expect(() => integerOption("steps", text)).toThrow(`--steps takes an integer; got "${text}"`);
  },
);

test.each(["", "1,5", "e5", ".", "NaN", "Infinity", "1e999"])("%j is no number", (text) => {
  expect(() => numberOption("eta", text)).toThrow(`--eta takes a number; got "${text}"`);
});

test("the message names the bounds that were crossed", () => {
  expect(() => integerOption("n", "0", { min: 1 })).toThrow('--n takes an integer of at least 1; got "0"');
  expect(() => numberOption("eta", "2", { min: 0, max: 1 })).toThrow("--eta takes a number from 0 to 1");
  expect(integerOption("n", "1", { min: 1, max: 1 })).toBe(1);
});

test("an option that was not given stays undefined", () => {
  expect(integerOption("n", undefined, { min: 1 })).toBeUndefined();
});

test("sizes are a list of integers", () => {
  expect(integersOption("sizes", "9, 12,12")).toEqual([9, 12, 12]);
  expect(() => integersOption("sizes", "9,,12")).toThrow('--sizes takes an integer; got ""');
});
