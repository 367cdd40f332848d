/**
 * Where this runs, and what it can. The library's computing part loads in browsers too, so it reaches Node's modules through
 * `nodeModule` and not by imports.
 */
export const inNode = typeof process === "object" && process.versions?.node !== undefined;

/** One of Node's own modules; only where `inNode`. */
export const nodeModule: NodeJS.Process["getBuiltinModule"] = (name: string) =>
  process.getBuiltinModule(name);

/** (module (func (param v128) (result v128) (… (local.get 0) (local.get 0) (local.get 0)))) around an instruction. */
const probe = (...instruction: readonly number[]): Uint8Array<ArrayBuffer> => {
  const body = [0, ...instruction, 0x0b];
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 6, 1, 0x60, 1, 0x7b, 1, 0x7b, 3, 2, 1, 0];
  return Uint8Array.from([...header, 10, body.length + 2, 1, body.length, ...body]);
};
const SIMD_PROBE = probe(0x20, 0, 0xfd, 0xe0, 1); // f32x4.abs
const RELAXED_PROBE = probe(0x20, 0, 0x20, 0, 0x20, 0, 0xfd, 0x85, 2); // f32x4.relaxed_madd

/** Whether this engine runs WebAssembly SIMD. */
export const hasSimd = (): boolean => typeof WebAssembly === "object" && WebAssembly.validate(SIMD_PROBE);

/** Whether it runs relaxed SIMD. In Node 20 that hides behind a flag, which this sets. */
export function hasRelaxedSimd(): boolean {
  if (!hasSimd() || WebAssembly.validate(RELAXED_PROBE)) return hasSimd();
  if (inNode) nodeModule("node:v8").setFlagsFromString("--experimental-wasm-relaxed-simd");
  return WebAssembly.validate(RELAXED_PROBE);
}
