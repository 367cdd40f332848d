/** Molecules and tensors as text and bytes, in Node and in browsers. */
export { formatExtxyz } from "../formats/extxyz.ts";
export type { Format } from "../formats/format.ts";
export { type FormatOptions, formatMolecules, type WriteOptions } from "../formats/format-molecules.ts";
export type { TextChunks } from "../formats/lines.ts";
export { type ParseOptions, parseMolecules, type ReadOptions } from "../formats/parse-molecules.ts";
export { type Reading, type SkippedRecord, skippedText } from "../formats/records.ts";
export {
  parseSafetensors,
  serializeSafetensors,
  type Tensor,
  type TensorFile,
} from "../formats/safetensors.ts";
export { formatSdf, type SdfOptions } from "../formats/sdf/write.ts";
export { formatXyz } from "../formats/xyz.ts";
