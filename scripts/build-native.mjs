/**
 * Builds the native engine, build/Release/equimol.node, with node-gyp where there is a compiler. Without one, or
 * when the build fails, everything works without it, slower; so this says what happened in one line on stderr and
 * always succeeds. A stamp with the hash of the sources tells when there is nothing to do.
 *
 * node scripts/build-native.mjs [--force] [--verbose]
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SOURCES = join(ROOT, "src/engines/c");
const ADDON = join(ROOT, "build/Release/equimol.node");
const STAMP = join(ROOT, "build/native.stamp");
const NODE_GYP = join(ROOT, "node_modules/node-gyp/bin/node-gyp.js");

const force = process.argv.includes("--force");
const verbose = process.argv.includes("--verbose");
const wanted = sourcesHash();
const last = existsSync(STAMP) ? readFileSync(STAMP, "utf8") : "";

if (force || last !== `built ${wanted}` || !existsSync(ADDON)) {
  const compiler = findCompiler();
  const failure = `failed ${wanted} ${compiler}`;
  // A build that cannot succeed is not tried again before something changes.
  if (force || last !== failure) build(compiler, failure);
}

function build(compiler, failure) {
  if (compiler === undefined) return report(failure, "no C compiler found; using WebAssembly instead");
  if (!existsSync(NODE_GYP)) return report(failure, "node-gyp is not installed; using WebAssembly instead");
  const start = performance.now();
  // Headers that came with this Node need no download.
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, "include/node/node_api.h")) ? [`--nodedir=${prefix}`] : [];
  const result = spawnSync(process.execPath, [NODE_GYP, "rebuild", "--loglevel=warn", ...headers], {
    cwd: ROOT,
    encoding: "utf8",
    env: { ...process.env, CC: process.env.CC ?? compiler },
  });
  const output = `${result.stdout ?? ""}${result.stderr ?? ""}`;
  if (verbose) process.stderr.write(output);
  if (result.status !== 0 || !existsSync(ADDON)) {
    const reason = output.split("\n").find((line) => /error[:!]|ERR! stack/i.test(line)) ?? "no reason given";
    return report(failure, `build failed (${reason.trim()}); using WebAssembly instead`);
  }
  report(`built ${wanted}`, `compiled (${((performance.now() - start) / 1000).toFixed(1)} s)`);
}

function report(outcome, message) {
  mkdirSync(join(ROOT, "build"), { recursive: true });
  writeFileSync(STAMP, outcome);
  console.error(`native engine: ${message}`);
}

/** A compiler with generic vector extensions. */
function findCompiler() {
  const candidates = process.env.CC ? [process.env.CC] : ["cc", "gcc", "clang"];
  return candidates.find((name) => spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0);
}

/** Changes when a source, the build file, Node's ABI or the compiler asked for does. */
function sourcesHash() {
  const hash = createHash("sha256").update(
    `${process.versions.modules} ${process.arch} ${process.env.CC ?? ""}\0`,
  );
  const files = readdirSync(SOURCES, { recursive: true })
    .filter((name) => /\.[ch]$/.test(name))
    .sort();
  for (const path of [...files.map((name) => join(SOURCES, name)), join(ROOT, "binding.gyp")]) {
    hash.update(readFileSync(path)).update("\0");
  }
  return hash.digest("hex");
}
