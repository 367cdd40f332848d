/** A few hundred distorted copies of small molecules: enough to train on for a few steps. */

import { datasetInfo } from "../../src/data/dataset-info.ts";
import { fromMolecules } from "../../src/data/molecule-set.ts";
import type { Dataset } from "../../src/data/store.ts";
import { stream } from "../../src/math/random.ts";
import { methane, molecule } from "../chem/molecules.ts";

const AMMONIA = molecule("N 0 0 0.1\nH 0.94 0 -0.27\nH -0.47 0.81 -0.27\nH -0.47 -0.81 -0.27");

export function smallDataset(count = 200): Dataset {
  const molecules = Array.from({ length: count }, (_, index) => {
    const base = [AMMONIA, methane()][index % 2];
    const random = stream({ seed: 9, purpose: "test", index });
    return { ...base, positions: base.positions.map((x) => x + 0.03 * random.normal()) };
  });
  const train = fromMolecules(molecules);
  const info = datasetInfo({
    name: "small",
    train,
    sha256: "0".repeat(64),
    provenance: { command: "test", sources: [], options: {}, dropped: {} },
  });
  return { info, train, valid: undefined, test: undefined };
}
