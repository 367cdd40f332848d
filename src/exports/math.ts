/** Random numbers keyed by what they are for, and superposition. */
export { type Purpose, permutation, type Stream, type StreamKey, stream } from "../math/random.ts";
export { superpose, superposedRmsd } from "../math/superposition.ts";
