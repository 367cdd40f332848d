/**
 * The library's door for pages: all subjects that need no file system. Models come from addresses, files or
 * bytes.
 * `import { … } from "equimol/browser"`.
 */
export * from "./exports/chem.ts";
export * from "./exports/diffusion.ts";
export * from "./exports/engines.ts";
export * from "./exports/errors.ts";
export * from "./exports/evaluate.ts";
export * from "./exports/formats.ts";
export * from "./exports/math.ts";
export * from "./exports/models.ts";
export * from "./exports/nets.ts";
export * from "./exports/physics.ts";
export * from "./exports/simulate.ts";
export * from "./exports/workflows.ts";
