import { afterEach, describe, expect, test, vi } from "vitest";
import { createOutput, duration, type Sink } from "../../src/cli/output.ts";

/** A stream that remembers. */
function recorder(isTTY = false): Sink & { text: () => string } {
  let text = "";
  return { isTTY, columns: 80, write: (piece: string) => (text += piece), text: () => text };
}

afterEach(() => vi.unstubAllEnvs());

describe("with --json", () => {
  test("stdout gets the object and nothing else, stderr the rest", () => {
    const [stdout, stderr] = [recorder(), recorder()];
    const output = createOutput({ json: true, stdout, stderr });
    output.log("reading");
    output.print("a table");
    output.warn("odd");
    output.result({ molecules: 3, missing: Number.NaN });
    expect(stdout.text()).toBe('{"molecules":3,"missing":null}\n');
    expect(stderr.text()).toBe("reading\nwarning: odd\n");
  });

  test("a second object is a bug", () => {
    const output = createOutput({ json: true, stdout: recorder(), stderr: recorder() });
    output.result({});
    expect(() => output.result({})).toThrow("one JSON object");
  });
});

describe("without --json", () => {
  test("stdout gets the text and no object", () => {
    const [stdout, stderr] = [recorder(), recorder()];
    const output = createOutput({ stdout, stderr });
    output.print("a table");
    output.result({ molecules: 3 });
    expect(stdout.text()).toBe("a table\n");
  });

  test("--quiet leaves the answer and the warnings", () => {
    const [stdout, stderr] = [recorder(), recorder(true)];
    const output = createOutput({ quiet: true, stdout, stderr });
    const bar = output.progress("sampling", 10);
    bar.update(5);
    bar.done();
    output.log("reading");
    output.print("a table");
    expect(stdout.text()).toBe("a table\n");
    expect(stderr.text()).toBe("");
  });
});

describe("the progress bar", () => {
  test("is erased when it is done, and steps aside for a notice", () => {
    const stderr = recorder(true);
    const output = createOutput({ stdout: recorder(), stderr });
    const bar = output.progress("sampling", 10);
    output.log("half way");
    bar.done();
    const lines = stderr.text().split("\r\x1b[2K");
    expect(lines.at(-1)).toBe("");
    expect(lines).toContain("half way\n");
    expect(lines.filter((line) => line.startsWith("sampling"))).not.toHaveLength(0);
  });

  test("never exceeds the width of the terminal", () => {
    const stderr = recorder(true);
    vi.stubEnv("NO_COLOR", "1");
    const bar = createOutput({ stdout: recorder(), stderr }).progress("sampling", 1);
    bar.update(1, "x".repeat(200));
    const escapes = new RegExp(`${String.fromCharCode(27)}\\[2K`, "g");
    for (const line of stderr.text().replace(escapes, "").split("\r"))
      expect(line.length).toBeLessThanOrEqual(80);
  });

  test("is quiet where stderr is no terminal", () => {
    const stderr = recorder();
    const bar = createOutput({ stdout: recorder(), stderr }).progress("sampling", 100);
    bar.update(50, "loss 0.3");
    bar.done();
    expect(stderr.text()).toBe("");
  });
});

test("colours need a terminal and no NO_COLOR", () => {
  const red = (isTTY: boolean) => createOutput({ stdout: recorder(isTTY) }).colours.red("x");
  vi.stubEnv("NO_COLOR", undefined);
  vi.stubEnv("TERM", "xterm");
  expect(red(true)).not.toBe("x");
  expect(red(false)).toBe("x");
  vi.stubEnv("NO_COLOR", "1");
  expect(red(true)).toBe("x");
});

test.each([
  [0, "0 s"],
  [59.6, "1 min 00 s"],
  [185, "3 min 05 s"],
  [7800, "2 h 10 min"],
])("%d seconds are %s", (seconds, words) => {
  expect(duration(seconds)).toBe(words);
});
