/**
 * Which molecules a conditional EDM is trained on, and with which labels (Hoogeboom et al. 2022, section 5.2): one
 * half of the labelled molecules, while the other is left for the network that judges what is generated; beside them
 * all that have no label, for the unconditional part of a model with guidance (Ho & Salimans 2022).
 */
import type { DatasetInfo } from "../../data/dataset-info.ts";
import { halfOf, labelled } from "../../data/halves.ts";
import { type MoleculeSet, setSize, sizesOf, subset } from "../../data/molecule-set.ts";
import { unitOf } from "../../data/qm9-units.ts";
import { InputError, nearest } from "../../errors.ts";
import type { Condition } from "../../models/edm/condition.ts";
import type { EdmSettings } from "./settings.ts";

type ConditionSettings = EdmSettings["condition"];

/** Intervals of p(c, N) for each property. */
const INTERVALS = 200;

/**
 * The molecules without those whose labels are the judge's.
 * @throws InputError when the data lacks a property, or no training molecule has it
 */
export function generatorsPart(
  train: MoleculeSet,
  { properties, half, unlabelled }: ConditionSettings,
  source: string,
): MoleculeSet {
  if (properties.length === 0) return train;
  const judged = new Set<number>();
  for (const property of properties) {
    const known = labelled(train, property);
    if (known.length === 0) throw withoutLabels(train, property, source);
    const own = new Set(halfOf(known, half));
    for (const i of known) if (!own.has(i)) judged.add(i);
  }
  const mine = [...Array(setSize(train)).keys()].filter((i) => !judged.has(i));
  const own = subset(train, mine);
  const withAll = labelledByAll(own, properties);
  if (withAll.length < 2)
    throw new InputError(
      `${withAll.length === 0 ? "no molecule" : "a single molecule"} of "${source}" is left with ${properties.join(" and ")}; with few labels use them all: set condition.half to all`,
    );
  return unlabelled ? own : subset(own, withAll);
}

/** Indices of the molecules of which all the properties are known. */
export function labelledByAll(set: MoleculeSet, properties: readonly string[]): Uint32Array {
  const columns = properties.map((name) => set.properties[name]);
  return Uint32Array.from({ length: setSize(set) }, (_, i) => i).filter((i) =>
    columns.every((column) => column !== undefined && !Number.isNaN(column[i])),
  );
}

/** Molecule of each training item of an epoch: all, and those with labels as often again as `repeat` asks for. */
export function trainingItems(
  train: MoleculeSet,
  { properties, repeat }: Pick<ConditionSettings, "properties" | "repeat">,
): Uint32Array {
  const all = Array.from({ length: setSize(train) }, (_, i) => i);
  if (properties.length === 0) return Uint32Array.from(all);
  const again = [...labelledByAll(train, properties)];
  return Uint32Array.from([
    ...all,
    ...Array<number[]>(repeat - 1)
      .fill(again)
      .flat(),
  ]);
}

/**
 * What the model must know of its condition: statistics and p(c, N) of the labelled molecules of `train`.
 * @param before the condition of the model that training starts from, whose normalisation is kept
 * @throws InputError when all values are the same, or `before` is of other properties
 */
export function conditionOf(
  train: MoleculeSet,
  { properties: names, fade, scale }: Pick<ConditionSettings, "properties" | "fade" | "scale">,
  info: Pick<DatasetInfo, "properties">,
  before?: Condition,
): Condition {
  if (before && before.properties.map(({ name }) => name).join() !== names.join())
    throw new InputError(
      `the model to start from is conditioned on ${before.properties.map(({ name }) => name).join(", ")}, the settings on ${names.join(", ")}; they must agree`,
    );
  const rows = [...labelledByAll(train, names)];
  const sizes = sizesOf(train);
  const properties = names.map((name, k): Condition["properties"][number] => {
    const values = rows.map((i) => train.properties[name][i]);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const mad = values.reduce((sum, value) => sum + Math.abs(value - mean), 0) / values.length;
    if (!(mad > 0))
      throw new InputError(`all molecules have the same ${name}; there is nothing to condition on`);
    const unit = unitOf(info, name);
    return {
      name,
      ...(unit === undefined ? {} : { unit }),
      mean: before?.properties[k].mean ?? mean,
      mad: before?.properties[k].mad ?? mad,
      min: values.reduce((a, b) => Math.min(a, b)),
      max: values.reduce((a, b) => Math.max(a, b)),
    };
  });
  const counts = new Map<string, number>();
  for (const i of rows) {
    const intervals = properties.map(({ name, min, max }) =>
      Math.min(INTERVALS - 1, Math.floor((INTERVALS * (train.properties[name][i] - min)) / (max - min))),
    );
    const key = [sizes[i], ...intervals].join();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const joint = [...counts]
    .map(([key, molecules]) => [...key.split(",").map(Number), molecules])
    .sort((a, b) => a.map((value, k) => value - b[k]).find((difference) => difference !== 0) ?? 0);
  return {
    properties: properties as [(typeof properties)[number]],
    fade: before?.fade ?? fade,
    scale: before?.scale ?? scale,
    intervals: INTERVALS,
    joint: joint as [number[]],
  };
}

function withoutLabels(train: MoleculeSet, property: string, source: string): InputError {
  const names = Object.keys(train.properties).filter((name) => labelled(train, name).length > 0);
  if (names.length === 0)
    return new InputError(`the molecules of "${source}" have no properties; a condition needs labelled data`);
  const near = nearest(property, names);
  return new InputError(
    `no training molecule of "${source}" has the property "${property}"${near === undefined ? "" : ` (did you mean ${near}?)`}; it has ${names.join(", ")}`,
  );
}
