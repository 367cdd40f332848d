/**
 * How large what a configuration counts may be: several times what anybody has published, and little enough that a file
 * of a few bytes takes neither memory nor time before its model is found not to fit.
 */
import { z } from "zod";

const atMost = (most: number) => z.number().int().positive().max(most);

/** Steps, rows, samples … */
export const count = atMost(1_000_000);
/** Units of a layer, functions of a basis. */
export const width = atMost(16_384);
/** Layers of a network, and other things that each have parameters of their own. */
export const depth = atMost(256);
/** Atoms of a molecule. */
export const MOST_ATOMS = 100_000;
/** Nuclear charges that a model knows, each once. */
export const elementsSchema = z
  .array(z.number().int().min(1).max(118))
  .nonempty()
  .max(118)
  .refine((elements) => new Set(elements).size === elements.length, "an element is named twice");
