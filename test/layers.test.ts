/**
 * The house of docs/architecture.md: each layer imports only from those before it, nothing goes in a circle, and what
 * is for pages too reaches none of Node's modules.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const SRC = fileURLToPath(new URL("../src", import.meta.url));
/** From the ground up; the library's doors stand above all. */
const LAYERS = [
  ...["errors.ts", "math", "chem", "physics", "diffusion", "formats", "platform", "data", "nets", "engines"],
  ...[
    "models",
    "simulate",
    "evaluate",
    "train",
    "views",
    "lab",
    "workflows",
    "cli",
    "exports",
    "browser.ts",
    "index.ts",
  ],
];
/** Layers that pages use as they are. */
const UNIVERSAL = [
  ...["errors.ts", "math", "chem", "physics", "diffusion", "formats", "platform", "nets", "engines"],
  ...["models", "simulate", "evaluate", "workflows", "browser.ts"],
];
/** What of these layers is for Node alone, and why. */
const NODE_ONLY: readonly (readonly [files: RegExp, reason: string])[] = [
  [/^platform\/node\//, "files, checksums and the home folder are Node's"],
  [/^models\/model-folder\.ts$/, "reads and writes folders"],
  [/^models\/\w+\/folder\.ts$/, "reads and writes folders"],
  [/^simulate\/node\//, "the folder of a simulation, and models in folders"],
  [/^workflows\/node\//, "works on files and folders"],
];
const FILES = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));

/** What a file says without its comments on lines of their own. */
const codeOf = (file: string): string =>
  readFileSync(join(SRC, file), "utf8").replace(/^\s*(\*|\/\/|\/\*).*$/gm, "");

/** Modules that a file imports, at once or later; with those whose types it imports where asked for. */
function importsOf(file: string, types: boolean): string[] {
  const text = codeOf(file);
  const statements = types ? text : text.replace(/^(import|export) type [^;]*;/gm, "");
  return [...statements.matchAll(/(?:from|import\(|import)\s*"([^"]+)"/g)].map(([, path]) =>
    path.startsWith(".") ? normalize(join(dirname(file), path)) : path,
  );
}
const IMPORTS = new Map(
  FILES.map((file) => [file, importsOf(file, true).filter((path) => FILES.includes(path))]),
);
const USED = new Map(FILES.map((file) => [file, importsOf(file, false)]));

/** The way by which a file reaches one of Node's modules, if there is one. */
function wayToNode(file: string, used = USED, seen = new Set<string>()): string[] | undefined {
  if (file.startsWith("node:")) return [file];
  if (seen.has(file)) return undefined;
  seen.add(file);
  for (const next of used.get(file) ?? []) {
    const way = wayToNode(next, used, seen);
    if (way) return [file, ...way];
  }
  return undefined;
}
const layerOf = (file: string): number => LAYERS.indexOf(file.split("/")[0]);

/** Names in a circle of the graph, if there is one. */
function circle(edges: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (name: string): string[] | undefined => {
    if (done.has(name)) return undefined;
    const at = path.indexOf(name);
    if (at >= 0) return [...path.slice(at), name];
    path.push(name);
    for (const next of edges.get(name) ?? []) {
      const found = visit(next);
      if (found) return found;
    }
    path.pop();
    done.add(name);
    return undefined;
  };
  for (const name of edges.keys()) {
    const found = visit(name);
    if (found) return found;
  }
  return undefined;
}

describe("the source", () => {
  test("has no file outside the layers", () => {
    expect(FILES.filter((file) => layerOf(file) < 0)).toEqual([]);
    expect(FILES.length).toBeGreaterThan(300);
  });

  test("imports downwards only", () => {
    const upwards = [...IMPORTS].flatMap(([file, paths]) =>
      paths.filter((path) => layerOf(path) > layerOf(file)).map((path) => `${file} → ${path}`),
    );
    expect(upwards).toEqual([]);
  });

  test("has no circle of files", () => {
    expect(circle(IMPORTS)).toBeUndefined();
  });

  test("reaches none of Node's modules where it is for pages too", () => {
    const nodeOnly = (file: string): boolean => NODE_ONLY.some(([files]) => files.test(file));
    const universal = FILES.filter((file) => UNIVERSAL.includes(file.split("/")[0]) && !nodeOnly(file));
    expect(universal.length).toBeGreaterThan(150);
    expect(universal.flatMap((file) => wayToNode(file)?.join(" → ") ?? [])).toEqual([]);
    for (const [files, reason] of NODE_ONLY)
      expect(
        FILES.filter((file) => files.test(file) && wayToNode(file)),
        reason,
      ).not.toEqual([]);
  });

  test("has no folder of more than 20 files", () => {
    const counts = new Map<string, number>();
    for (const { parentPath, name } of readdirSync(SRC, { recursive: true, withFileTypes: true }).filter(
      (e) => e.isFile(),
    )) {
      const folder = relative(SRC, parentPath ?? name);
      counts.set(folder, (counts.get(folder) ?? 0) + 1);
    }
    expect([...counts].filter(([, count]) => count > 20)).toEqual([]);
  });

  test("computes molecules without the functions of Math that engines round otherwise; math/elementary.ts has them", () => {
    const rounded =
      /\bMath\.(?!(?:abs|ceil|clz32|floor|fround|imul|max|min|round|sign|sqrt|trunc|[A-Z]\w*)\b)\w+|\*\*/;
    const found = FILES.filter((file) => /^(math|diffusion|engines|models\/edm)\//.test(file)).flatMap(
      (file) =>
        codeOf(file)
          .split("\n")
          .filter((line) => rounded.test(line.replace(/ \/\/ .*|\/\*.*?\*\/|`[^`]*`|\b2 \*\* -?\d+/g, "")))
          .map((line) => `${file}: ${line.trim()}`),
    );
    expect(found).toEqual([]);
    expect(rounded.test("Math.exp(x)") && rounded.test("x ** y")).toBe(true);
  });

  test("writes options with dashes in the command line alone: elsewhere `named` knows how, or a whole command is quoted", () => {
    const dashed = (text: string): boolean =>
      /["'`(\s]--[a-z]/.test(text) && !/\bequimol |\bnode |--experimental-/.test(text);
    const found = FILES.filter((file) => !/^(cli|views)\//.test(file)).flatMap((file) =>
      [...codeOf(file).matchAll(/"[^"\n]*"|`[^`]*`/g)]
        .filter(([text]) => dashed(text))
        .map(([text]) => `${file}: ${text}`),
    );
    expect(found).toEqual([]);
    expect(dashed('"leave out --resume to start"') && dashed('"--engine"')).toBe(true);
  });

  test("finds a circle where there is one", () => {
    expect(
      circle(
        new Map([
          ["a", ["b"]],
          ["b", ["c"]],
          ["c", ["b"]],
        ]),
      ),
    ).toEqual(["b", "c", "b"]);
  });

  test("finds the way to Node's modules where there is one", () => {
    const used = new Map([
      ["a", ["b", "c"]],
      ["b", ["a"]],
      ["c", ["zod", "node:fs"]],
    ]);
    expect(wayToNode("b", used)).toEqual(["b", "a", "c", "node:fs"]);
    expect(importsOf("cli/sample.ts", false)).toContain("cli/sample-cg.ts"); // by import()
  });
});
