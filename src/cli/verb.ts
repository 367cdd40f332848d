/**
 * A verb of the command line: a citty command with examples for its help, and two things that citty lacks said
 * beside its arguments: a last positional that takes many words, and options that may be given many times.
 */
import type { ArgsDef, CommandDef } from "citty";

export interface Example {
  readonly command: string;
  /** What it does, as a short clause. */
  readonly does: string;
}

export type Verb<T extends ArgsDef = ArgsDef> = Omit<CommandDef<T>, "subCommands"> & {
  readonly examples?: readonly Example[];
  /** The last positional takes all remaining words; they are in `args._`. */
  readonly variadic?: boolean;
  /** Options whose values add up; read them with `valuesOf(rawArgs, name)`. All others: the last one counts. */
  readonly repeatable?: readonly (keyof T & string)[];
  /** Repeatable options that also take every word up to the next option: `--valid a.xyz b.xyz`. */
  readonly greedy?: readonly (keyof T & string)[];
  readonly subCommands?: Readonly<Record<string, VerbEntry>>;
};

/** A verb that is imported only when it is asked for. */
export interface VerbEntry {
  /** One line for the list of verbs. */
  readonly summary: string;
  // biome-ignore lint/suspicious/noExplicitAny: a table of verbs with different arguments
  readonly load: () => Verb<any> | Promise<Verb<any>>;
}

/** Returns the verb; gives `run` the types of its arguments. */
export function defineVerb<const T extends ArgsDef>(verb: Verb<T>): Verb<T> {
  return verb;
}
