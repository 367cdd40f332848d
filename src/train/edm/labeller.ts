/**
 * Labels for molecules whose property is not known, by a property network: a conditional EDM then learns from all
 * molecules and not only from the few that were labelled (self-training; Lee 2013, "Pseudo-label"). The network must
 * have seen no label of the half that is left for the judge.
 */
import { type MoleculeSet, moleculeAt, setSize } from "../../data/molecule-set.ts";
import { type EngineOptions, openEngine } from "../../engines/open-engine.ts";
import { InputError } from "../../errors.ts";
import { findModel } from "../../models/edm/folder.ts";
import { networkOf } from "../../models/geometric/config.ts";
import { loadGeometric } from "../../models/geometric/folder.ts";
import { predictProperty } from "../../models/geometric/model.ts";
import type { EdmSettings } from "./settings.ts";

/** Molecules that are computed together. */
const TOGETHER = 256;

/**
 * The set with the property of the labeller known of every molecule: its own label where there is one, else the
 * network's value.
 * @throws InputError when the network predicts none of the properties, or was trained on labels of the judge
 */
export async function withPredictedLabels(
  train: MoleculeSet,
  { properties, half, labeller }: EdmSettings["condition"],
  engineOptions: EngineOptions = {},
): Promise<MoleculeSet> {
  if (labeller === undefined) return train;
  const model = await loadGeometric(findModel(labeller));
  const { kind, output, provenance } = model.config;
  const property = output.property;
  if (kind !== "property" || property === undefined || !properties.includes(property))
    throw new InputError(
      `the labeller ${labeller} predicts ${property ?? "energies"}, not ${properties.join(" or ") || "a condition"}`,
    );
  const seen = (provenance.data as { readonly half?: string } | undefined)?.half ?? "all";
  if (half !== "all" && seen !== half)
    throw new InputError(
      `the labeller ${labeller} was trained on ${seen === "all" ? "all labels" : `the ${seen} half of the labels`}; those of a generator of the ${half} half must not reach the judge's. Train one with "equimol train property --property ${property} --half ${half}"`,
    );
  const values = Float64Array.from(train.properties[property]);
  const unknown = [...Array(setSize(train)).keys()].filter((i) => Number.isNaN(values[i]));
  const engine = await openEngine({ atomwise: networkOf(model.config) }, engineOptions);
  try {
    for (let first = 0; first < unknown.length; first += TOGETHER) {
      const part = unknown.slice(first, first + TOGETHER);
      const predicted = await predictProperty(
        model,
        engine,
        part.map((i) => moleculeAt(train, i)),
      );
      part.forEach((i, k) => {
        values[i] = predicted[k];
      });
    }
  } finally {
    engine.dispose();
  }
  return { ...train, properties: { ...train.properties, [property]: values } };
}
