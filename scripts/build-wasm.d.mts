/** Name of the custom section with the hash. */
export const HASH_SECTION: string;
/** Hash of all that the modules are made from. */
export function wasmSourcesHash(): string;
