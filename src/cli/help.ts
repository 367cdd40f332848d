/** The help of a verb: usage line, words, options, verbs below it, examples. */
import type { ArgDef, ArgsDef, CommandMeta } from "citty";
import type { Output } from "./output.ts";
import { plain } from "./plain-text.ts";
import type { Verb, VerbEntry } from "./verb.ts";

type Colours = Output["colours"];

const WIDTH = 100;
/** Longer terms have a line of their own. */
const WIDEST_TERM = 34;

/** The help text. `path` is how the verb is called: "equimol evaluate". */
export function helpText(path: string, verb: Verb, colours: Colours): string {
  const args = Object.entries((verb.args ?? {}) as ArgsDef);
  const words = args.filter(([, definition]) => definition.type === "positional");
  const options = args.filter(([, definition]) => definition.type !== "positional");
  const { description } = (verb.meta ?? {}) as CommandMeta;

  const sections = [description ?? "", usageLine(path, verb, words, options, colours)];
  if (words.length > 0) sections.push(section("Arguments", words.map(wordRow), colours));
  if (verb.subCommands !== undefined) sections.push(section("Verbs", verbRows(verb.subCommands), colours));
  const rows: [string, string][] = [
    ...options.map((option) => optionRow(option, verb.repeatable ?? [])),
    ["-h, --help", "show this help"],
  ];
  sections.push(section("Options", rows, colours));
  if (verb.examples !== undefined) {
    const lines = verb.examples.flatMap(({ command, does }) => [
      `  ${colours.dim(`# ${does}`)}`,
      `  ${command}`,
    ]);
    sections.push([colours.bold("Examples"), ...lines].join("\n"));
  }
  return sections.filter((text) => text !== "").join("\n\n");
}

/** Rows for the verbs of a table. */
export const verbRows = (verbs: Readonly<Record<string, VerbEntry>>): [string, string][] =>
  Object.entries(verbs).map(([name, { summary }]) => [name, summary]);

/** A heading and two aligned columns, the second one wrapped. */
export function section(
  heading: string,
  rows: readonly (readonly [string, string])[],
  colours: Colours,
): string {
  const short = rows.map(([term]) => term.length).filter((length) => length <= WIDEST_TERM);
  const left = Math.max(0, ...short);
  const lines = rows
    .map(([term, text]) => [plain(term), plain(text)] as const)
    .flatMap(([term, text]) => {
      const beside = term.length <= WIDEST_TERM;
      const under = wrapped(text, WIDTH - left - 4).map((line, i) =>
        `  ${colours.cyan((beside && i === 0 ? term : "").padEnd(left))}  ${line}`.trimEnd(),
      );
      return beside ? under : [`  ${colours.cyan(term)}`, ...under];
    });
  return [colours.bold(heading), ...lines].join("\n");
}

function usageLine(
  path: string,
  verb: Verb,
  words: readonly [string, ArgDef][],
  options: readonly [string, ArgDef][],
  colours: Colours,
): string {
  const parts = [path];
  if (verb.subCommands !== undefined && verb.run === undefined) parts.push("VERB");
  words.forEach(([name, definition], i) => {
    const word = `${name.toUpperCase()}${verb.variadic && i === words.length - 1 ? "…" : ""}`;
    parts.push(isRequired(definition) ? word : `[${word}]`);
  });
  for (const [name, definition] of options)
    if (definition.required) parts.push(`--${name} ${hint(name, definition)}`);
  parts.push("[options]");
  return `${colours.bold("Usage")}  ${parts.join(" ")}`;
}

const isRequired = (definition: ArgDef): boolean =>
  definition.required !== false && definition.default === undefined;

const wordRow = ([name, definition]: [string, ArgDef]): [string, string] => [
  name.toUpperCase(),
  definition.description ?? "",
];

function optionRow([name, definition]: [string, ArgDef], repeatable: readonly string[]): [string, string] {
  const alias = "alias" in definition ? (definition.alias ?? []) : [];
  const spellings = [alias].flat().map((other) => (other.length === 1 ? `-${other}` : `--${other}`));
  const term = [...spellings, `--${name}`].join(", ");
  const value = definition.type === "boolean" ? "" : ` ${hint(name, definition)}`;
  const preset =
    definition.default === undefined || definition.default === false
      ? ""
      : ` (default: ${definition.default})`;
  const again = repeatable.includes(name) ? "; may be repeated" : "";
  return [term + value, `${definition.description ?? ""}${again}${preset}`];
}

function hint(name: string, definition: ArgDef): string {
  if (definition.valueHint !== undefined) return definition.valueHint;
  if (definition.type === "enum" && definition.options !== undefined) return definition.options.join("|");
  return name.toUpperCase();
}

function wrapped(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines[lines.length - 1];
    if (last === "") lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
