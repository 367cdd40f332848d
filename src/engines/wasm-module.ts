/**
 * The WebAssembly modules: which variant this engine runs, and the module for a shared or an unshared memory. One
 * file serves both, because it has neither data segments nor atomics: only the flag of its memory import differs.
 */
import { InputError, WorkError } from "../errors.ts";
import { hasRelaxedSimd, hasSimd, inNode, nodeModule } from "../platform/platform.ts";

/** Builds of a module, by the instructions they need. */
export type WasmVariant = "relaxed SIMD" | "SIMD" | "scalar";

/** Functions of wasm.c; numbers are addresses unless named otherwise. */
export interface WasmExports {
  readonly __stack_pointer: WebAssembly.Global;
  readonly __heap_base: WebAssembly.Global;
  readonly callBytes: () => number;
  readonly configBytes: () => number;
  readonly setConfig: (config: number, ...values: readonly number[]) => void;
  readonly modelBytes: (config: number) => number;
  readonly initModel: (model: number, config: number) => void;
  readonly weightsBytes: (model: number) => number;
  readonly partialBytes: (model: number) => number;
  readonly setBatch: (call: number, ...values: readonly number[]) => void;
  readonly setOutput: (call: number, output: number) => void;
  readonly setTarget: (call: number, ...values: readonly number[]) => void;
  readonly planBytes: (call: number) => number;
  readonly initPlan: (call: number, plan: number) => void;
  readonly workspaceBytes: (call: number, training: number) => number;
  readonly updateBytes: () => number;
  readonly setUpdate: (update: number, ...values: readonly number[]) => void;
  readonly updateWorkspaceBytes: (update: number) => number;
  readonly stageTasks: (call: number, stage: number) => number;
  readonly runTask: (call: number, stage: number, task: number, workspace: number) => void;
}

/** The programs that there are, by the names of their files. */
export type WasmProgram = "egnn" | "painn" | "geodiff" | "unet";

const ENDINGS: Readonly<Record<WasmVariant, string>> = {
  "relaxed SIMD": "-relaxed",
  SIMD: "",
  scalar: "-scalar",
};

/** The modules of the repository, or those in the folder EQUIMOL_WASM, where a build of one's own is tried. */
function moduleUrl(program: WasmProgram, variant: WasmVariant): URL {
  const file = `${program}${ENDINGS[variant]}.wasm`;
  const folder = inNode ? process.env.EQUIMOL_WASM : undefined;
  if (folder === undefined) return new URL(`../../src/engines/wasm/${file}`, import.meta.url);
  return nodeModule("node:url").pathToFileURL(`${folder}/${file}`);
}

/** Variants this engine runs, best first. */
export function wasmVariants(): readonly WasmVariant[] {
  if (typeof WebAssembly !== "object") return [];
  if (!hasSimd()) return ["scalar"];
  return hasRelaxedSimd() ? ["relaxed SIMD", "SIMD", "scalar"] : ["SIMD", "scalar"];
}

/** The compiled module for a memory that is shared or not. */
export async function compileWasm(
  variant: WasmVariant,
  shared: boolean,
  program: WasmProgram = "egnn",
): Promise<WebAssembly.Module> {
  const bytes = await readBytes(moduleUrl(program, variant));
  if (shared) bytes[memoryFlagsAt(bytes)] |= 2;
  return WebAssembly.compile(bytes);
}

async function readBytes(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  if (inNode) {
    return new Uint8Array(await nodeModule("node:fs/promises").readFile(url));
  }
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** Where the limits of the imported memory begin: the import section (id 2) holds one import, env.memory. */
function memoryFlagsAt(bytes: Uint8Array): number {
  let at = 8;
  const unsigned = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const id = bytes[at++];
    const size = unsigned();
    if (id === 2) {
      unsigned(); // number of imports
      for (const _ of ["env", "memory"]) {
        const length = unsigned();
        at += length;
      }
      if (bytes[at] === 2) return at + 1;
      break;
    }
    at += size;
  }
  throw new Error("the WebAssembly module does not import its memory first");
}

export const STACK = 1 << 16;
const PAGE = 1 << 16;

type Values = Float32Array | Float64Array | Int32Array | Uint8Array;

/** The memory of a module, handed out from an address to its end. */
export interface Arena {
  /** Reserves bytes, aligned to 64, at the end of what is used. @throws WorkError saying for what there is no memory */
  readonly place: (bytes: number, what?: string) => number;
  /** Reserves room for values and copies them there. */
  readonly copy: (values: Values) => number;
  /** Copies from an address into an array. */
  readonly read: (at: number, out: Values) => void;
  readonly end: () => number;
  /** Gives back what lies behind an address. */
  readonly cut: (to: number) => void;
}

/** @param start first address that is free */
export function arenaIn(memory: WebAssembly.Memory, start: number): Arena {
  let end = start;
  const place = (bytes: number, what = "a call"): number => {
    const at = end;
    end += Math.ceil(bytes / 64) * 64;
    const missing = Math.ceil((end - memory.buffer.byteLength) / PAGE);
    if (missing > 0) {
      try {
        memory.grow(missing);
      } catch (cause) {
        const megabytes = (bytes / 1e6).toFixed(0);
        throw new WorkError(`wasm engine: out of memory: ${megabytes} MB for ${what}`, { cause });
      }
    }
    return at;
  };
  return {
    place,
    copy: (values) => {
      const at = place(values.byteLength);
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      new Uint8Array(memory.buffer, at, bytes.length).set(bytes);
      return at;
    },
    read: (at, out) => {
      const from = new Uint8Array(memory.buffer, at, out.byteLength);
      new Uint8Array(out.buffer, out.byteOffset, out.byteLength).set(from);
    },
    end: () => end,
    cut: (to) => {
      end = to;
    },
  };
}

/**
 * A program on a memory of its own, on the caller's thread.
 * @throws InputError for a variant that this JavaScript engine does not run
 */
export async function wasmInstance<Exports>(
  program: WasmProgram,
  variant: WasmVariant,
): Promise<{ readonly exports: Exports; readonly arena: Arena }> {
  if (!wasmVariants().includes(variant))
    throw new InputError(`wasm engine: ${variant} is not available here`);
  const module = await compileWasm(variant, false, program);
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 65536 });
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  (exports.__stack_pointer as WebAssembly.Global).value = STACK;
  return { exports: exports as Exports, arena: arenaIn(memory, STACK) };
}

/** The copy of the parameters that such a program has packed its weights from. */
export interface KeptParameters {
  /** Address. [P] */
  readonly at: number;
  /** Takes these parameters over; true where the weights have to be packed anew. Cuts the arena to `start`. */
  readonly change: (parameters: Float32Array, start: number) => boolean;
}

/** @param update of the program: copies `count` floats and tells whether any is another */
export function keepParameters(
  { update }: { readonly update: (from: number, to: number, count: number) => number },
  { place, copy, cut }: Arena,
  count: number,
): KeptParameters {
  const at = place(4 * count);
  let packed = false;
  return {
    at,
    change: (parameters, start) => {
      cut(start);
      const changed = update(copy(parameters), at, count) !== 0 || !packed;
      cut(start);
      packed = true;
      return changed;
    },
  };
}
