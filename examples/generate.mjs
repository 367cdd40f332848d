/**
 * Ten molecules from the shipped model, and how many are stable by EDM's rule. In a clone after `npm start`, or from a copy
 * in a folder where equimol is installed:
 *
 *   node examples/generate.mjs
 */
import { dynamicsConfig, findModel, generate, loadEdm, openEngine, stability, symbolOf } from "equimol";

const model = await loadEdm(findModel("qm9-fast"));
const engine = await openEngine({ denoiser: dynamicsConfig(model.config) });
const options = { count: 10, seed: 0 };
for await (const batch of generate(model, engine, options)) {
  for (const { index, molecule } of batch) {
    const { stableAtoms, atoms } = stability(molecule, "qm9");
    const symbols = Array.from(molecule.atomicNumbers, symbolOf).sort().join("");
    console.log(`molecule ${index}: ${symbols}, ${stableAtoms} of ${atoms} atoms stable`);
  }
}
engine.dispose();
