/**
 * Builds the WebAssembly modules of src/engines/wasm with Debian's clang 14 and wasm-ld. The files are in the
 * repository, so users need no clang; each ends with a custom section that holds the hash of the sources.
 *
 * node scripts/build-wasm.mjs [--out FOLDER]
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SOURCES = join(ROOT, "src/engines/c");
const COMPILE = [
  ...["--target=wasm32", "-O3", "-ffreestanding", "-fno-math-errno", "-nostdlib"],
  ...["-mmutable-globals", "-mbulk-memory"],
  ...["-DVL=4", "-DMR=4", "-DCORE=core", '-DCORE_NAME="wasm"'],
];
const LINK = [
  ...["--no-entry", "--import-memory", "--max-memory=4294967296", "-z", "stack-size=65536", "--strip-all"],
  ...["--export=__stack_pointer", "--export=__heap_base"],
];
/** What is compiled, and the folders of the sources it is made from; what is of Node alone in them is left out. */
const PROGRAMS = {
  egnn: { main: "egnn/wasm.c", folders: ["common", "egnn", "optimizer"] },
  painn: { main: "painn/painn_wasm.c", folders: ["common", "painn"] },
  geodiff: { main: "geodiff/geodiff_wasm.c", folders: ["common", "geodiff"] },
  unet: { main: "unet/unet_wasm.c", folders: ["common", "unet"] },
};
/** Where each program looks for headers. */
const includes = (program) => PROGRAMS[program].folders.map((folder) => `-I${join(SOURCES, folder)}`);
/** Endings of the file names, and the instruction set that each is built for. */
const VARIANTS = {
  "": ["-msimd128"],
  "-relaxed": ["-msimd128", "-mrelaxed-simd"],
  "-scalar": [],
};
/** Name of the custom section with the hash. */
export const HASH_SECTION = "equimol.sources";

/** Hash of all that the modules of a program ("egnn", "painn") are made from. */
export function wasmSourcesHash(program) {
  const hash = createHash("sha256").update([...COMPILE, ...LINK, JSON.stringify(VARIANTS)].join(" "));
  const files = PROGRAMS[program].folders.flatMap((folder) =>
    readdirSync(join(SOURCES, folder)).map((name) => `${folder}/${name}`),
  );
  for (const name of files.filter((name) => !/addon|module/.test(name)).sort())
    hash.update(`\0${name}\0`).update(readFileSync(join(SOURCES, name)));
  return hash.digest("hex");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const at = process.argv.indexOf("--out");
  const out = at > 0 ? process.argv[at + 1] : join(ROOT, "src/engines/wasm");
  mkdirSync(out, { recursive: true });
  for (const program of Object.keys(PROGRAMS)) {
    for (const [ending, flags] of Object.entries(VARIANTS)) {
      const name = `${program}${ending}.wasm`;
      const bytes = build(program, flags);
      writeFileSync(join(out, name), bytes);
      console.error(`${name}: ${bytes.length} bytes`);
    }
  }
}

function build(program, flags) {
  const folder = mkdtempSync(join(tmpdir(), "equimol-wasm-"));
  try {
    const object = join(folder, "core.o");
    const linked = join(folder, "core.wasm");
    run("clang", [
      ...COMPILE,
      ...flags,
      ...includes(program),
      "-c",
      join(SOURCES, PROGRAMS[program].main),
      "-o",
      object,
    ]);
    run("wasm-ld", [...LINK, object, "-o", linked]);
    const bytes = readFileSync(linked);
    if (flags.includes("-mrelaxed-simd")) renumberFusedMultiply(bytes, run("llvm-objdump", ["-d", linked]));
    return Buffer.concat([bytes, customSection(HASH_SECTION, wasmSourcesHash(program))]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * clang 14 knows the relaxed multiply-add by a number (0xaf) that was changed before it was standardised (0x105).
 * Both take two bytes, so they are replaced in place; the disassembly says how many there must be.
 */
function renumberFusedMultiply(bytes, disassembly) {
  const expected = disassembly.split("f32x4.fma").length - 1;
  let found = 0;
  for (let at = 0; at + 2 < bytes.length; at++) {
    if (bytes[at] !== 0xfd || bytes[at + 1] !== 0xaf || bytes[at + 2] !== 0x01) continue;
    bytes[at + 1] = 0x85;
    bytes[at + 2] = 0x02;
    found++;
  }
  if (found !== expected || found === 0) {
    throw new Error(
      `build-wasm: ${found} byte patterns of f32x4.fma, but ${expected} instructions; this needs clang 14`,
    );
  }
}

function customSection(name, text) {
  const body = Buffer.concat([Buffer.from([name.length]), Buffer.from(name), Buffer.from(text)]);
  if (body.length > 127) throw new Error("build-wasm: section too long");
  return Buffer.concat([Buffer.from([0, body.length]), body]);
}

function run(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`build-wasm: ${command} failed: ${error?.message ?? stderr}`);
  return stdout;
}
