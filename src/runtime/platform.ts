/**
 * Where this runs. The library's computing part loads in browsers too, so it reaches Node's modules through
 * `nodeModule` and not by imports.
 */
export const inNode = typeof process === "object" && process.versions?.node !== undefined;

/** One of Node's own modules; only where `inNode`. */
export const nodeModule: NodeJS.Process["getBuiltinModule"] = (name: string) =>
  process.getBuiltinModule(name);
