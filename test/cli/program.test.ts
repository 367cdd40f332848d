import { expect, test } from "vitest";
import { program, quoted } from "../../src/cli/program.ts";

test("the program is called as the user called it: from a clone by node, installed by its name", () => {
  expect(program("/home/me/equimol/bin/equimol.js", "/home/me/equimol")).toBe("node bin/equimol.js");
  expect(program("/home/me/my clone/bin/equimol.js", "/home/me")).toBe("node 'my clone/bin/equimol.js'");
  expect(program("/usr/local/bin/equimol", "/home/me")).toBe("equimol");
});

test("words are quoted for the shell only where they need it", () => {
  expect(["runs/mine", "my run", "it's"].map(quoted)).toEqual(["runs/mine", "'my run'", "'it'\\''s'"]);
});
