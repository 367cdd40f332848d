/** Name of the custom section with the hash. */
export const HASH_SECTION: string;
/** Hash of all that the modules of a program are made from. */
export function wasmSourcesHash(program: "egnn" | "painn" | "geodiff" | "unet"): string;
