/**
 * Makes a clone ready: installs the locked dependencies, compiles src to dist, and builds the native kernels
 * where a compiler is at hand. Each part is done only when it is missing or stale, and says so in one line on
 * stderr; silent when there is nothing to do. Uses nothing but Node, so it runs before anything is installed.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const OLDEST_NODE = [20, 19];

requireNode();
installDependencies();
compile();
buildNative();

function requireNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  fail(
    `equimol needs Node ${OLDEST_NODE.join(".")} or later; this is Node ${process.versions.node}. ` +
      "Install a current release from https://nodejs.org and try again.",
  );
}

function installDependencies() {
  if (dependenciesAreCurrent()) return;
  const done = stopwatch();
  // NODE_ENV=production would leave out the compiler. No install script is needed but our own, which is run below.
  const flags = ["--include=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const npm = run("npm", ["ci", ...flags]);
  if (npm.status !== 0) {
    const said = npm.output.split("\n").filter((line) => !line.startsWith("npm warn"));
    const reason = npm.output.includes("EUSAGE")
      ? "package-lock.json does not fit package.json; `npm install` makes it fit."
      : "It needs the package registry: is there a network?";
    fail(`${said.slice(0, 12).join("\n")}\nset-up: npm ci failed (see above). ${reason}`);
  }
  done("installed the dependencies");
}

/** npm keeps a lock file of what it installed; all that ours asks for must be in it, at the same version. */
function dependenciesAreCurrent() {
  const wanted = packagesOf("package-lock.json");
  const installed = packagesOf("node_modules/.package-lock.json");
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    if (path === "" || (optional && installed[path] === undefined)) return true;
    return installed[path]?.version === version && existsSync(join(ROOT, path, "package.json"));
  });
}

function packagesOf(lockFile) {
  const path = join(ROOT, lockFile);
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")).packages : {};
}

function compile() {
  const stamp = join(ROOT, "dist/.sources");
  const sources = sourcesHash();
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === sources) return;
  const done = stopwatch();
  // Compiled beside dist and then moved there: no files of deleted sources stay, and no one sees a half of it.
  const fresh = join(ROOT, `dist-${process.pid}`);
  const tsc = run(process.execPath, [
    "node_modules/typescript/bin/tsc",
    "-p",
    "tsconfig.build.json",
    "--outDir",
    fresh,
  ]);
  if (tsc.status !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    fail(`${tsc.output}\nset-up: the sources do not compile (see above).`);
  }
  mkdirSync(fresh, { recursive: true });
  writeFileSync(join(fresh, ".sources"), sources);
  moveInPlace(fresh, sources);
  done("compiled src to dist");
}

/** Replaces dist. Where another set-up of the same sources was faster, its result is as good. */
function moveInPlace(fresh, sources) {
  const dist = join(ROOT, "dist");
  const old = `${fresh}-old`;
  try {
    if (existsSync(dist)) renameSync(dist, old);
    renameSync(fresh, dist);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    if (!existsSync(dist) || readFileSync(join(dist, ".sources"), "utf8") !== sources) throw error;
  }
  rmSync(old, { recursive: true, force: true });
}

/** Changes when a source, the configuration or the compiler does. */
function sourcesHash() {
  const files = readdirSync(join(ROOT, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const hash = createHash("sha256");
  for (const file of [
    ...files,
    ...["tsconfig.json", "tsconfig.build.json", "package.json"].map((name) => join(ROOT, name)),
  ]) {
    hash
      .update(`${relative(ROOT, file)}\0`)
      .update(readFileSync(file))
      .update("\0");
  }
  return hash.digest("hex");
}

/** The kernels are an acceleration: without them everything runs, so whatever happens here is not an error. */
function buildNative() {
  const script = join(ROOT, "scripts/build-native.mjs");
  if (existsSync(script)) spawnSync(process.execPath, [script], { cwd: ROOT, stdio: ["ignore", 2, 2] });
}

function run(command, args) {
  const result = spawnSync(command, args, {
    cwd: ROOT,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  return {
    status: result.status,
    output: `${result.stdout ?? ""}${result.stderr ?? ""}${result.error ?? ""}`.trim(),
  };
}

function stopwatch() {
  const start = performance.now();
  return (what) => console.error(`set-up: ${what} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
