/**
 * The library's door for pages: all that makes molecules and judges them, and nothing that needs a file system. Models come
 * from addresses, files or bytes. `import { … } from "equimol/browser"`.
 */
export { withBonds } from "./chem/bond-orders.ts";
export { symbolOf } from "./chem/elements.ts";
export { hillFormula } from "./chem/formula.ts";
export type { Bond, Molecule } from "./chem/molecule.ts";
export { perceiveBonds } from "./chem/perception.ts";
export { stability } from "./chem/stability.ts";
export { wasmStatus } from "./engines/egnn/wasm.ts";
export type { DenoiserEngine } from "./engines/engine.ts";
export { type EngineOptions, openEngine } from "./engines/open-engine.ts";
export { InputError, WorkError } from "./errors.ts";
export { formatExtxyz } from "./formats/extxyz.ts";
export { formatSdf } from "./formats/sdf-write.ts";
export { formatXyz } from "./formats/xyz.ts";
export { dynamicsConfig, type EdmConfig } from "./models/edm/config.ts";
export { type Generated, type GenerateOptions, generate } from "./models/edm/generate.ts";
export { bondRuleOf, type EdmModel, edmFromBytes, edmFromFiles, edmFromUrl } from "./models/edm/model.ts";
