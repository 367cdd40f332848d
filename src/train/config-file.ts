/** Configuration from presets, YAML files and single settings, checked: a typo is an error that names the nearest key. */
import { readFileSync } from "node:fs";
import { isMap, isScalar, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { InputError, type Named, nearest, ownName, type Place, printable } from "../errors.ts";
import { DEEPEST, isDeep } from "../formats/json.ts";

/** A mapping of keys to values, as YAML has it. */
export type Settings = { readonly [key: string]: unknown };

/** What makes up a configuration, in order: each goes over those before it. */
export interface SettingsSources {
  /** A preset. */
  readonly base?: Settings;
  /** YAML files, by their names or with their texts. */
  readonly files?: readonly (string | ConfigText)[];
  /** `key=value`, as the option `set` takes them, or settings. */
  readonly assignments?: readonly (string | Settings)[];
  /** How that option is written in messages. */
  readonly named?: Named;
}

/**
 * The checked configuration from all sources. Each is checked as it comes, so that the error names the one at fault.
 * @throws InputError with the file and line, or the assignment
 */
export function readSettings<S extends z.ZodType>(
  schema: S,
  { base = {}, files = [], assignments = [], named = ownName }: SettingsSources,
): z.infer<S> {
  let merged = base;
  for (const each of files) {
    const source = typeof each === "string" ? configText(each) : each;
    merged = mergeSettings(merged, parseConfig(source));
    checkSettings(schema, merged, source.file, keyLines(source));
  }
  for (const assignment of assignments) {
    const isText = typeof assignment === "string";
    merged = mergeSettings(merged, isText ? parseAssignment(assignment, named) : assignment);
    checkSettings(schema, merged, isText ? `${named("set")} ${assignment}` : "settings");
  }
  return checkSettings(schema, merged, "settings");
}

/** The mapping in a YAML file. @throws InputError with file and line */
export const readConfigFile = (file: string): Settings => parseConfig(configText(file));

function configText(file: string): ConfigText {
  try {
    return { file, text: readFileSync(file, "utf8") };
  } catch (error) {
    throw new InputError(`cannot be read: ${(error as Error).message}`, { file });
  }
}

/** The text of a YAML file, and what messages call it. */
export interface ConfigText {
  readonly file: string;
  readonly text: string;
}

/** The mapping in a YAML text. @throws InputError with file and line */
export function parseConfig({ file, text }: ConfigText): Settings {
  const value = yamlValue(text, { file }) ?? {};
  if (!isSettings(value)) throw new InputError("expected a mapping of keys to values", { file });
  return value;
}

/** What a YAML text says. @throws InputError for what is no YAML, an alias to nothing, and lists in lists without end */
function yamlValue(text: string, place: Place): unknown {
  let value: unknown;
  try {
    const document = parseDocument(text, { logLevel: "error" }); // what it would warn of is an unknown key
    const [problem] = document.errors;
    if (problem) {
      const line = problem.linePos?.[0].line;
      throw new InputError(printable(problem.message.split("\n")[0]), { ...place, ...(line && { line }) });
    }
    value = document.toJS();
  } catch (error) {
    if (error instanceof InputError) throw error;
    if (!(error instanceof RangeError)) throw new InputError(printable((error as Error).message), place);
    throw new InputError(TOO_DEEP, place);
  }
  if (isDeep(value)) throw new InputError(TOO_DEEP, place);
  return value;
}

const TOO_DEEP = `is nested deeper than ${DEEPEST} levels`;

/** Finds the line of the deepest key of a path that a YAML file has. */
function keyLines({ text }: ConfigText): (path: readonly PropertyKey[]) => number | undefined {
  const lineCounter = new LineCounter();
  const { contents } = parseDocument(text, { lineCounter });
  return (path) => {
    let node: unknown = contents;
    let line: number | undefined;
    for (const key of path) {
      const pair = isMap(node)
        ? node.items.find((item) => isScalar(item.key) && item.key.value === key)
        : undefined;
      if (pair === undefined || !isScalar(pair.key) || !pair.key.range) break;
      line = lineCounter.linePos(pair.key.range[0]).line;
      node = pair.value;
    }
    return line;
  };
}

/** `a.b=c` as { a: { b: c } }; the value is read as YAML. */
export function parseAssignment(assignment: string, named = ownName): Settings {
  const equals = assignment.indexOf("=");
  const place = `${named("set")} ${assignment}`;
  if (equals < 1) throw new InputError(`${place}: expected key=value, such as training.batchSize=32`);
  let value: unknown;
  try {
    value = yamlValue(assignment.slice(equals + 1), {});
  } catch (error) {
    throw new InputError(`${place}: ${(error as Error).message}`);
  }
  return assignment
    .slice(0, equals)
    .split(".")
    .reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Settings;
}

/** Keys whose `kind` decides which other keys there are: another kind replaces the mapping, it does not merge. */
const UNIONS: ReadonlySet<string> = new Set(["schedule", "network"]);
/** Kinds with the same keys: these stay when one takes the place of another. */
const ALIKE: readonly (readonly unknown[])[] = [
  ["egnn", "gnn"],
  ["egnn", "mpnn"],
];

/** Later settings over earlier ones, mappings merged key by key. */
export function mergeSettings(...all: readonly Settings[]): Settings {
  const merged = new Map<string, unknown>(); // in an object the key __proto__ would not be one
  for (const settings of all) {
    for (const [key, value] of Object.entries(settings)) {
      const before = merged.get(key);
      merged.set(
        key,
        isSettings(before) && isSettings(value) && !(UNIONS.has(key) && otherKind(before, value))
          ? mergeSettings(before, value)
          : value,
      );
    }
  }
  return Object.fromEntries(merged);
}

const otherKind = (before: Settings, after: Settings): boolean =>
  Object.hasOwn(before, "kind") &&
  Object.hasOwn(after, "kind") &&
  before.kind !== after.kind &&
  !ALIKE.some((kinds) => kinds.includes(before.kind) && kinds.includes(after.kind));

/**
 * The checked configuration.
 * @param lineOf line of a key in the source, where it has lines
 * @throws InputError naming the wrong key and the nearest known one
 */
export function checkSettings<S extends z.ZodType>(
  schema: S,
  settings: Settings,
  source: string,
  lineOf?: (path: readonly PropertyKey[]) => number | undefined,
): z.infer<S> {
  const result = schema.safeParse(settings);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    const key = [...issue.path, issue.keys[0]].join(".");
    const known = knownKeys(schema, issue.path);
    const near = nearest(issue.keys[0], known);
    const hint = near === undefined ? `known here: ${known.join(", ")}` : `did you mean "${near}"?`;
    const line = lineOf?.([...issue.path, issue.keys[0]]);
    throw new InputError(printable(`unknown key "${key}"; ${hint}`), { file: source, line });
  }
  const place = { file: source, line: lineOf?.(issue.path) };
  throw new InputError(printable(`${path === "" ? "" : `${path}: `}${issue.message}`), place);
}

const isSettings = (value: unknown): value is Settings =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Keys that the schema allows at a path, through defaults, preprocessing and unions. */
function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let nodes: unknown[] = [schema];
  for (const key of [...path, undefined]) {
    nodes = nodes.flatMap(unwrap);
    if (key === undefined) break;
    nodes = nodes.flatMap((node) => {
      const shape = (node as { shape?: Record<string, unknown> }).shape;
      const inner = shape?.[String(key)];
      return inner === undefined ? [] : [inner];
    });
  }
  return [...new Set(nodes.flatMap((node) => Object.keys((node as { shape?: object }).shape ?? {})))];
}

function unwrap(node: unknown): unknown[] {
  const { def } = node as { def: { innerType?: unknown; out?: unknown; options?: unknown[] } };
  if (def.out !== undefined) return unwrap(def.out);
  if (def.innerType !== undefined) return unwrap(def.innerType);
  if (def.options !== undefined) return def.options.flatMap(unwrap);
  return [node];
}
