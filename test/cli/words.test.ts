import type { ArgsDef } from "citty";
import { parseArgs } from "citty";
import { describe, expect, test } from "vitest";
import { checkedWords, valuesOf } from "../../src/cli/options/words.ts";
import { InputError } from "../../src/errors.ts";

const args = {
  files: { type: "positional", description: "files" },
  out: { type: "string", alias: "o", required: true },
  rule: { type: "enum", options: ["auto", "qm9", "geom"], default: "auto" },
  set: { type: "string" },
  json: { type: "boolean" },
  colour: { type: "boolean", default: true },
} as const satisfies ArgsDef;

const check = (...words: string[]) => checkedWords(words, "equimol try", { args, variadic: true });
const failure = (...words: string[]) => {
  try {
    check(...words);
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as InputError).message;
  }
  throw new Error(`accepted: ${words.join(" ")}`);
};

describe("the words of a command line", () => {
  test("take one form whatever the spelling, and citty reads that form", () => {
    const spellings = [
      ["a.xyz", "b.xyz", "--out", "x", "--json", "--no-colour"],
      ["--json", "--no-colour", "-o", "x", "a.xyz", "b.xyz"],
      ["a.xyz", "--json", "--out=x", "--no-colour", "--", "b.xyz"],
      ["-ox", "--no-colour", "--json", "--", "a.xyz", "b.xyz"],
    ];
    for (const words of spellings) {
      const parsed = parseArgs(check(...words), args);
      expect(parsed).toMatchObject({ out: "x", json: true, colour: false, rule: "auto", files: "a.xyz" });
      expect(parsed._).toEqual(["a.xyz", "b.xyz"]);
    }
  });

  test("after -- are never options", () => {
    expect(parseArgs(check("--out", "x", "--", "--json"), args)._).toEqual(["--json"]);
  });

  test("may repeat an option, whose values are then all there in order", () => {
    expect(valuesOf(check("a", "-o", "x", "--set", "a=1", "--set=b.c=2", "--", "--set=c"), "set")).toEqual([
      "a=1",
      "b.c=2",
    ]);
  });

  test("may give a negative number as a value", () => {
    expect(parseArgs(check("a", "-o", "x", "--set", "-1.5"), args).set).toBe("-1.5");
  });

  test.each([
    [["a", "--uot", "x"], "unknown option --uot; did you mean --out?"],
    [["a", "--out", "x", "--zzzzzzzzzz"], "unknown option --zzzzzzzzzz (see equimol try --help)"],
    [["a", "--out", "x", "-z"], "unknown option -z"],
    [["a", "--out"], "--out needs a value"],
    [["a", "--out", "--json"], "--out needs a value, got the option --json"],
    [["a", "--out", "x", "--json=yes"], '--json takes no value, got "yes"'],
    [["a", "--out", "x", "--no-json"], "unknown option --no-json"],
    [["a", "--out", "x", "--rule", "qm8"], '--rule is one of auto, qm9, geom; got "qm8"; did you mean qm9?'],
    [["a"], "--out is required"],
    [["--out", "x"], "FILES is missing"],
  ])("%j are refused: %s", (words, message) => {
    expect(failure(...words)).toContain(message);
  });

  test("beyond the last positional are refused unless the verb takes many", () => {
    const one = { args: { model: { type: "positional" } } as const satisfies ArgsDef };
    expect(() => checkedWords(["a", "b"], "equimol info", one)).toThrow('unexpected word "b"');
    expect(checkedWords(["a"], "equimol info", one)).toEqual(["--", "a"]);
  });

  test("after a greedy option are its own up to the next option", () => {
    const grammar = { args, variadic: true, greedy: ["set"] } as const;
    const words = checkedWords(
      ["a", "--set", "b", "c", "-o", "x", "d", "--set=e", "f", "--", "g"],
      "try",
      grammar,
    );
    expect(valuesOf(words, "set")).toEqual(["b", "c", "e", "f"]);
    expect(parseArgs(words, args)._).toEqual(["a", "d", "g"]);
  });
});
