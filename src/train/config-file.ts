/** Configuration from presets, YAML files and --set, checked: a typo is an error that names the nearest key. */
import { readFileSync } from "node:fs";
import { parseDocument } from "yaml";
import type { z } from "zod";
import { InputError, nearest } from "../errors.ts";

export type Settings = { readonly [key: string]: unknown };

/** The mapping in a YAML file. @throws InputError with file and line */
export function readConfigFile(file: string): Settings {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new InputError(`cannot be read: ${(error as Error).message}`, { file });
  }
  const document = parseDocument(text);
  const [problem] = document.errors;
  if (problem) {
    throw new InputError(problem.message.split("\n")[0], { file, line: problem.linePos?.[0].line });
  }
  const value: unknown = document.toJS() ?? {};
  if (!isSettings(value)) throw new InputError("expected a mapping of keys to values", { file });
  return value;
}

/** `a.b=c` as { a: { b: c } }; the value is read as YAML. */
export function parseAssignment(assignment: string): Settings {
  const equals = assignment.indexOf("=");
  if (equals < 1)
    throw new InputError(`--set ${assignment}: expected key=value, such as training.batchSize=32`);
  const value: unknown = parseDocument(assignment.slice(equals + 1)).toJS();
  return assignment
    .slice(0, equals)
    .split(".")
    .reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Settings;
}

/** Later settings over earlier ones, mappings merged key by key. */
export function mergeSettings(...all: readonly Settings[]): Settings {
  const merged: Record<string, unknown> = {};
  for (const settings of all) {
    for (const [key, value] of Object.entries(settings)) {
      const before = merged[key];
      // Another kind of schedule has other keys: it replaces, it does not merge.
      const replaces =
        isSettings(value) && isSettings(before) && "kind" in value && value.kind !== before.kind;
      merged[key] =
        isSettings(before) && isSettings(value) && !replaces ? mergeSettings(before, value) : value;
    }
  }
  return merged;
}

/** The checked configuration. @throws InputError naming the wrong key and the nearest known one */
export function checkSettings<S extends z.ZodType>(
  schema: S,
  settings: Settings,
  source: string,
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
    throw new InputError(`unknown key "${key}"; ${hint}`, { file: source });
  }
  throw new InputError(`${path === "" ? "" : `${path}: `}${issue.message}`, { file: source });
}

const isSettings = (value: unknown): value is Settings =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Keys that the schema allows at a path, through defaults and unions. */
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
  const { def } = node as { def: { innerType?: unknown; options?: unknown[] } };
  if (def.innerType !== undefined) return unwrap(def.innerType);
  if (def.options !== undefined) return def.options.flatMap(unwrap);
  return [node];
}
