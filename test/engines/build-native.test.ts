/** The build of the native engine, in a copy of what it needs. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT } from "../cli/command-line.ts";

let clone: string;
const at = (path: string): string => join(clone, path);
const build = (env: NodeJS.ProcessEnv = {}): { status: number | null; stderr: string } => {
  const { status, stderr } = spawnSync(process.execPath, [at("scripts/build-native.mjs")], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  return { status, stderr };
};

beforeAll(() => {
  clone = mkdtempSync(join(tmpdir(), "equimol-native-"));
  mkdirSync(at("scripts"));
  cpSync(`${ROOT}scripts/build-native.mjs`, at("scripts/build-native.mjs"));
  cpSync(`${ROOT}src/engines/c`, at("src/engines/c"), { recursive: true });
  symlinkSync(`${ROOT}node_modules`, at("node_modules"));
  writeFileSync(at("src/engines/c/common/module.c"), "this is not C;\n");
});
afterAll(() => rmSync(clone, { recursive: true, force: true }));

test("without a compiler the set-up goes on, and says so once", () => {
  const none = { PATH: at("nothing"), CC: "" };
  expect(build(none)).toEqual({
    status: 0,
    stderr: "native engine: no C compiler found; using WebAssembly instead\n",
  });
  expect(build(none)).toEqual({ status: 0, stderr: "" });
});

test("a build that fails names the first error, once", ({ skip }) => {
  if (spawnSync("cc", ["--version"]).status !== 0) skip("there is no C compiler");
  expect(build()).toEqual({
    status: 0,
    stderr: expect.stringMatching(
      /^native engine: build failed \(.*error: .*\); using WebAssembly instead\n$/,
    ),
  });
  expect(build()).toEqual({ status: 0, stderr: "" });
  expect(existsSync(at("build/Release/equimol.node"))).toBe(false);
});
