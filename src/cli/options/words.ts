/**
 * Strict reading of the command line. citty lets unknown options, missing values and extra words pass; a typo in
 * an option must not change a run of hours silently, so all words are checked here before citty parses them.
 */
import { parseArgs } from "node:util";
import type { ArgDef, ArgsDef } from "citty";
import { InputError, nearest } from "../../errors.ts";
import type { Verb } from "../verb.ts";

/** What the strict reader needs to know of a verb. */
export type Grammar = Pick<Verb, "args" | "variadic" | "greedy">;

interface Option {
  readonly name: string;
  readonly definition: ArgDef;
}

/**
 * The words in the one form that citty reads without doubt: `--name=value …` with full names, then `--`, then the
 * positionals. Throws InputError for an unknown option, a missing or unwanted value, a value outside an enum, a
 * missing or an extra word. `path` is the verb's name for the messages: "equimol data import".
 */
export function checkedWords(words: readonly string[], path: string, verb: Grammar): string[] {
  const definitions: ArgsDef = (verb.args ?? {}) as ArgsDef;
  const options = optionsOf(definitions);
  const usage = (message: string) => new InputError(`${message} (see ${path} --help)`);
  const known = [...options.keys()];

  const given: string[] = [];
  const names = new Set<string>();
  const positionals: string[] = [];
  let greedy: string | undefined;
  for (const token of tokensOf(words, options)) {
    if (token.kind === "positional") {
      if (greedy === undefined) positionals.push(token.value);
      else given.push(`--${greedy}=${token.value}`);
      continue;
    }
    greedy = undefined;
    if (token.kind === "option-terminator") continue;
    const negated = token.rawName.startsWith("--no-")
      ? options.get(`--${token.rawName.slice(5)}`)
      : undefined;
    if (negated !== undefined && canBeNegated(negated.definition) && token.value === undefined) {
      given.push(`--${negated.name}=false`);
      continue;
    }
    const option = options.get(token.rawName);
    if (option === undefined) {
      const near = nearest(token.rawName, known);
      throw usage(`unknown option ${token.rawName}${near === undefined ? "" : `; did you mean ${near}?`}`);
    }
    names.add(option.name);
    if (option.definition.type === "boolean") {
      if (token.value !== undefined) throw usage(`${token.rawName} takes no value, got "${token.value}"`);
      given.push(`--${option.name}`);
      continue;
    }
    const value = token.value;
    if (value === undefined) throw usage(`${token.rawName} needs a value`);
    if (!token.inlineValue && /^-[^\d.]/.test(value)) {
      throw usage(`${token.rawName} needs a value, got the option ${value}`);
    }
    checkChoice(option, value, usage);
    given.push(`--${option.name}=${value}`);
    if (verb.greedy?.includes(option.name)) greedy = option.name;
  }

  for (const [name, definition] of Object.entries(definitions)) {
    if (definition.type === "positional" || !definition.required) continue;
    if (!names.has(name)) throw usage(`--${name} is required`);
  }
  const slots = Object.entries(definitions).filter(([, definition]) => definition.type === "positional");
  const needed = slots.filter(
    ([, definition]) => definition.required !== false && definition.default === undefined,
  );
  if (positionals.length < needed.length)
    throw usage(`${needed[positionals.length][0].toUpperCase()} is missing`);
  if (positionals.length > slots.length && !verb.variadic) {
    throw usage(`unexpected word "${positionals[slots.length]}"`);
  }
  return [...given, "--", ...positionals];
}

/** All values of an option that may be repeated, in the order given. `rawArgs` is what citty hands to `run`. */
export function valuesOf(rawArgs: readonly string[], name: string): string[] {
  const end = rawArgs.indexOf("--");
  const prefix = `--${name}=`;
  return rawArgs
    .slice(0, end < 0 ? rawArgs.length : end)
    .filter((word) => word.startsWith(prefix))
    .map((word) => word.slice(prefix.length));
}

/** Options by each of their spellings: `--out`, `-o`. */
function optionsOf(definitions: ArgsDef): ReadonlyMap<string, Option> {
  const options = new Map<string, Option>();
  for (const [name, definition] of Object.entries(definitions)) {
    if (definition.type === "positional") continue;
    options.set(`--${name}`, { name, definition });
    const alias = "alias" in definition ? (definition.alias ?? []) : [];
    for (const other of typeof alias === "string" ? [alias] : alias) {
      options.set(other.length === 1 ? `-${other}` : `--${other}`, { name, definition });
    }
  }
  return options;
}

function tokensOf(words: readonly string[], options: ReadonlyMap<string, Option>) {
  const config: Record<string, { type: "boolean" | "string"; short?: string }> = {};
  for (const [spelling, { definition }] of options) {
    const type = definition.type === "boolean" ? "boolean" : "string";
    // A one-letter spelling gets an entry of its own; its token still carries the letter as it was typed.
    if (spelling.startsWith("--")) config[spelling.slice(2)] = { type };
    else config[`letter ${spelling}`] = { type, short: spelling.slice(1) };
  }
  return parseArgs({ args: [...words], options: config, allowPositionals: true, strict: false, tokens: true })
    .tokens;
}

const canBeNegated = (definition: ArgDef): boolean =>
  definition.type === "boolean" &&
  (definition.default === true || definition.negativeDescription !== undefined);

function checkChoice(option: Option, value: string, usage: (message: string) => InputError): void {
  if (option.definition.type !== "enum") return;
  const choices = option.definition.options ?? [];
  if (choices.includes(value)) return;
  const near = nearest(value, choices);
  throw usage(
    `--${option.name} is one of ${choices.join(", ")}; got "${value}"${near === undefined ? "" : `; did you mean ${near}?`}`,
  );
}

/** How an option is written, for messages: "churnFrom" is "--churn-from". */
export const optionWord = (name: string): string =>
  `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
