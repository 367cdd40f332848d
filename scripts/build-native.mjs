/**
 * Builds the native engine, build/Release/equimol.node, with a C compiler and the headers of the package
 * node-api-headers: the numerical core once per instruction set, chosen at run time, and its Node-API binding. Without
 * a compiler, or when the build fails, everything works by WebAssembly, slower; so this says what happened in one line
 * on stderr and always succeeds. A stamp with the hash of the sources tells when there is nothing to do.
 *
 * node scripts/build-native.mjs [--force] [--verbose]
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(import.meta.url);
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SOURCES = join(ROOT, "src/engines/c");
const ADDON = join(ROOT, "build/Release/equimol.node");
const STAMP = join(ROOT, "build/native.stamp");
const OBJECTS = join(ROOT, `build/objects-${process.pid}`);

/** -ffast-math is left out on purpose: it breaks the rounding that exp relies on. */
const CORE = ["-O3", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math"];
const ALL = ["-fPIC", "-pthread", "-fvisibility=hidden", "-DNAPI_VERSION=8"];
const INCLUDES = ["common", "egnn", "optimizer"].map((folder) => `-I${join(SOURCES, folder)}`);
const LINK = process.platform === "darwin" ? ["-bundle", "-undefined", "dynamic_lookup"] : ["-shared"];
/** Lanes of a vector (VL), rows of a tile (MR), name and flags of the core for each instruction set. */
const BASE = process.arch === "arm64" ? { VL: 4, MR: 8, name: "NEON" } : { VL: 4, MR: 4, name: "SSE" };
const AVX512 = ["-mavx512f", "-mavx512dq", "-mavx512bw", "-mavx512vl", "-mfma", "-mprefer-vector-width=512"];
const BUILDS = {
  ...(process.arch === "x64" && {
    avx512: { VL: 16, MR: 14, name: "AVX-512", flags: AVX512 },
    avx2: { VL: 8, MR: 6, name: "AVX2", flags: ["-mavx2", "-mfma"] },
  }),
  base: { ...BASE, flags: [] },
};

const force = process.argv.includes("--force");
const verbose = process.argv.includes("--verbose");
const wanted = sourcesHash();
const last = existsSync(STAMP) ? readFileSync(STAMP, "utf8") : "";

if (force || last !== `built ${wanted}` || !existsSync(ADDON)) {
  const compiler = findCompiler();
  const failure = `failed ${wanted} ${compiler?.join(" ")}`;
  // A build that cannot succeed is not tried again before something changes.
  if (force || last !== failure) {
    const [outcome, message] = await build(compiler)
      .then((seconds) => [`built ${wanted}`, `compiled (${seconds.toFixed(1)} s)`])
      .catch((error) => [failure, `${error.message}; using WebAssembly instead`]);
    console.error(`native engine: ${message}`);
    remember(outcome);
  }
}

/** Seconds that it took. @throws Error with the reason, for users */
async function build(compiler) {
  if (process.platform === "win32") throw new Error("is not built on Windows");
  if (compiler === undefined) throw new Error("no C compiler found");
  const start = performance.now();
  try {
    const headers = `-I${createRequire(import.meta.url)("node-api-headers").include_dir}`;
    mkdirSync(OBJECTS, { recursive: true });
    const units = translationUnits();
    const objects = units.map((_, k) => join(OBJECTS, `${k}.o`));
    const jobs = units.map(({ source, flags }, k) => [
      ...[...ALL, ...flags, ...INCLUDES, headers],
      ...["-c", join(SOURCES, source), "-o", objects[k]],
    ]);
    const worker = async () => {
      while (jobs.length > 0) {
        await run(compiler, jobs.shift()).catch((error) => {
          jobs.length = 0;
          throw error;
        });
      }
    };
    const ended = await Promise.allSettled(Array.from({ length: availableParallelism() }, worker));
    const failed = ended.find(({ status }) => status === "rejected");
    if (failed !== undefined) throw failed.reason;
    const linked = join(OBJECTS, basename(ADDON));
    await run(compiler, [...LINK, "-pthread", ...objects, "-lm", "-o", linked]);
    // Moved in place whole: a process that uses the one before keeps it.
    mkdirSync(join(ROOT, "build/Release"), { recursive: true });
    renameSync(linked, ADDON);
  } catch (error) {
    rmSync(ADDON, { force: true });
    throw new Error(`build failed (${error.message})`);
  } finally {
    rmSync(OBJECTS, { recursive: true, force: true });
  }
  return (performance.now() - start) / 1000;
}

/** Every compilation: the bindings once, the cores for each instruction set. */
function translationUnits() {
  const networks = ["egnn", "painn", "geodiff", "unet"];
  return [
    { source: "common/module.c", flags: ["-O2"] },
    ...networks.map((network) => ({ source: `${network}/${network}_addon.c`, flags: ["-O2"] })),
    ...Object.entries(BUILDS).flatMap(([build, { VL, MR, name, flags }]) => {
      const names = networks.map(
        (network) => `-D${network === "egnn" ? "CORE" : network.toUpperCase()}=${network}_${build}`,
      );
      const defines = [`-DVL=${VL}`, `-DMR=${MR}`, `-DCORE_NAME="${name}"`, ...names];
      return networks.map((network) => ({
        source: `${network}/${network}.c`,
        flags: [...CORE, ...flags, ...defines],
      }));
    }),
  ];
}

/** @throws Error with the first error of the compiler */
function run([program, ...before], words) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...before, ...words], { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += text));
    child.on("error", reject);
    child.on("close", (status) => {
      if (verbose) process.stderr.write(`${[program, ...before, ...words].join(" ")}\n${output}`);
      if (status === 0) return resolve();
      const lines = output.split("\n").filter((line) => line.trim() !== "");
      const reason =
        lines.find((line) => /error/i.test(line)) ?? lines[0] ?? `${program} ended with ${status}`;
      reject(new Error(reason.trim()));
    });
  });
}

/** Where the folder belongs to someone else, there is nothing to remember it by. */
function remember(outcome) {
  try {
    mkdirSync(join(ROOT, "build"), { recursive: true });
    writeFileSync(STAMP, outcome);
  } catch (error) {
    if (verbose) console.error(error.message);
  }
}

/** A compiler with generic vector extensions, as words: CC may hold options, too. */
function findCompiler() {
  const candidates = process.env.CC ? [process.env.CC] : ["cc", "clang", "gcc"];
  return candidates
    .map((words) => words.trim().split(/\s+/))
    .find(([program]) => spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0);
}

/** Changes when a source, this file, the machine's kind or the compiler asked for does. */
function sourcesHash() {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch} ${process.env.CC ?? ""}\0`);
  const files = readdirSync(SOURCES, { recursive: true })
    .filter((name) => /\.[ch]$/.test(name))
    .sort();
  for (const path of [...files.map((name) => join(SOURCES, name)), SCRIPT]) {
    hash.update(readFileSync(path)).update("\0");
  }
  return hash.digest("hex");
}
