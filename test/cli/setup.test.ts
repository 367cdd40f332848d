import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT } from "./command-line.ts";

let clone: string;
const at = (path: string) => join(clone, path);
const setUp = () => {
  const { status, stderr } = spawnSync(process.execPath, [at("scripts/setup.mjs")], { encoding: "utf8" });
  return { status, stderr };
};

beforeAll(() => {
  clone = mkdtempSync(join(tmpdir(), "equimol-clone-"));
  for (const name of ["package.json", "package-lock.json", "tsconfig.json", "tsconfig.build.json"]) {
    cpSync(`${ROOT}${name}`, at(name));
  }
  mkdirSync(at("scripts"));
  cpSync(`${ROOT}scripts/setup.mjs`, at("scripts/setup.mjs"));
  symlinkSync(`${ROOT}node_modules`, at("node_modules"));
  mkdirSync(at("src"));
  writeFileSync(at("src/one.ts"), "export const one: number = 1;\n");
  writeFileSync(at("src/two.ts"), "export const two: number = 2;\n");
});
afterAll(() => rmSync(clone, { recursive: true, force: true }));

test("a clone is set up once, again after a change, and silently when nothing changed", () => {
  expect(setUp()).toEqual({
    status: 0,
    stderr: expect.stringMatching(/^set-up: compiled src to dist \(.* s\)\n$/),
  });
  expect(existsSync(at("dist/two.js"))).toBe(true);
  expect(setUp()).toEqual({ status: 0, stderr: "" });

  unlinkSync(at("src/two.ts"));
  writeFileSync(at("src/one.ts"), "export const one: number = 11;\n");
  expect(setUp().stderr).toContain("compiled");
  expect(readFileSync(at("dist/one.js"), "utf8")).toContain("11");
  expect(existsSync(at("dist/two.js"))).toBe(false);
});

test("sources that do not compile are shown and leave what was compiled before", () => {
  const before = readFileSync(at("dist/one.js"), "utf8");
  writeFileSync(at("src/one.ts"), 'export const one: number = "one";\n');
  const { status, stderr } = setUp();
  expect(status).toBe(1);
  expect(stderr).toMatch(/src\/one\.ts\(1,14\): error TS2322/);
  expect(stderr).toContain("set-up: the sources do not compile");
  expect(readFileSync(at("dist/one.js"), "utf8")).toBe(before);
});

test("the lock file names the packages of every platform, without which npm ci refuses it", () => {
  const { packages } = JSON.parse(readFileSync(at("package-lock.json"), "utf8"));
  const unnamed = Object.entries<{ optionalDependencies?: Record<string, string> }>(packages).flatMap(
    ([path, entry]) =>
      Object.keys(entry.optionalDependencies ?? {}).filter(
        (name) =>
          packages[`node_modules/${name}`] === undefined &&
          packages[`${path}/node_modules/${name}`] === undefined,
      ),
  );
  expect(unnamed).toEqual([]);
});

test("without the package registry it says what it needs", () => {
  unlinkSync(at("node_modules"));
  const env = {
    ...process.env,
    npm_config_registry: "http://127.0.0.1:9/",
    npm_config_fetch_retries: "0",
    npm_config_cache: at("cache"),
  };
  const { status, stderr } = spawnSync(process.execPath, [at("scripts/setup.mjs")], {
    encoding: "utf8",
    env,
  });
  expect(status).toBe(1);
  expect(stderr).toContain("npm ci failed");
  expect(stderr).toContain("needs the package registry");
});
