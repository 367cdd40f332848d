/**
 * Ten molecules from the shipped model, and how many are stable by EDM's rule. In a clone after `npm start`, or from a copy
 * in a folder where equimol is installed:
 *
 *   node examples/generate.mjs
 */
import { DEFAULT_MODEL, findModel, loadEdm, sample, stability, symbolOf } from "equimol";

const model = await loadEdm(findModel(DEFAULT_MODEL));
const { molecules, engine, seconds } = await sample({ model, count: 10, seed: 0 });
for (const { index, molecule } of molecules) {
  const { stableAtoms, atoms } = stability(molecule, "qm9");
  const symbols = Array.from(molecule.atomicNumbers, symbolOf).sort().join("");
  console.log(`molecule ${index}: ${symbols}, ${stableAtoms} of ${atoms} atoms stable`);
}
console.log(`made in ${seconds.toFixed(1)} s by ${engine}`);
