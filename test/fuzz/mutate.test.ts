/** The damage itself, and the judge of what readers make of it. */
import { describe, expect, test } from "vitest";
import { InputError } from "../../src/errors.ts";
import { dice, mutateBytes, mutateText } from "./mutate.ts";
import { failureText, fuzz, fuzzInput } from "./run.ts";

const TEXT = "3\nwater\nO 0 0 0.1173\nH 0 0.7572 -0.4692\nH 0 -0.7572 -0.4692\n";

describe("damage", () => {
  test("is the same for the same seed, and another for another", () => {
    const made = (seed: number): string[] => {
      const random = dice(seed);
      return Array.from({ length: 50 }, () => mutateText(TEXT, random));
    };
    expect(made(7)).toEqual(made(7));
    expect(made(8)).not.toEqual(made(7));
    const bytes = new TextEncoder().encode(TEXT);
    expect(mutateBytes(bytes, dice(3))).toEqual(mutateBytes(bytes, dice(3)));
    expect(fuzzInput({ seeds: [TEXT] }, 1, 5)).toBe(fuzzInput({ seeds: [TEXT] }, 1, 5));
  });

  test("changes nearly every input, and leaves the one it was given as it was", () => {
    const random = dice(1);
    const bytes = new TextEncoder().encode(TEXT);
    const [texts, arrays] = [new Set<string>(), new Set<string>()];
    for (let k = 0; k < 1000; k++) {
      texts.add(mutateText(TEXT, random));
      arrays.add(String(mutateBytes(bytes, random)));
    }
    expect(texts.size).toBeGreaterThan(800);
    expect(arrays.size).toBeGreaterThan(800);
    expect(new TextDecoder().decode(bytes)).toBe(TEXT);
  });
});

function computing(milliseconds: number): void {
  const began = process.cpuUsage();
  for (;;) {
    const { user, system } = process.cpuUsage(began);
    if (user + system > 1000 * milliseconds) return;
  }
}

describe("the judge", () => {
  const judged = (read: (input: string) => unknown) =>
    fuzz({ name: "reader", seeds: [TEXT], read }, { count: 20, limit: 50 });

  test("passes a reader that refuses by our errors, with the file", async () => {
    const report = await judged(() => {
      throw new InputError("no", { file: "in", line: 2 });
    });
    expect(report).toMatchObject({ inputs: 20, accepted: 0, refused: 20, failed: 0 });
  });

  test("finds other errors, errors without a place, escapes in messages, results that are not sound, and hangs", async () => {
    const problems: [(input: string) => unknown, RegExp][] = [
      [() => (undefined as unknown as string).length, /not an error of ours/],
      [() => Promise.reject(new InputError("no")), /no place/],
      [() => Promise.reject(new InputError("a\u001b[31m", { file: "in" })), /control characters/],
      [() => computing(80), /took \d+ ms/],
    ];
    for (const [read, problem] of problems) {
      const report = await judged(read);
      expect(report.failed).toBe(20);
      expect(failureText(report)).toMatch(problem);
    }
    const unsound = await fuzz(
      { name: "reader", seeds: [TEXT], read: (input) => input, check: (result) => `got ${result.length}` },
      { count: 5 },
    );
    expect(unsound).toMatchObject({ accepted: 5, failed: 5 });
  });
});
