/** The house of docs/architecture.md: each layer imports only from those before it, and nothing goes in a circle. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const SRC = fileURLToPath(new URL("../src", import.meta.url));
/** From the ground up; `index.ts`, the library's door, stands above all. */
const LAYERS = [
  ...[
    "version.ts",
    "errors.ts",
    "math",
    "chem",
    "physics",
    "diffusion",
    "formats",
    "platform",
    "data",
    "nets",
  ],
  ...["engines", "models", "simulate", "evaluate", "train", "views", "lab", "cli", "browser.ts", "index.ts"],
];
const FILES = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));

/** What a file says without its comments on lines of their own. */
const codeOf = (file: string): string =>
  readFileSync(join(SRC, file), "utf8").replace(/^\s*(\*|\/\/|\/\*).*$/gm, "");

/** Files that a file imports, types too, relative to src. */
function importsOf(file: string): string[] {
  return [...codeOf(file).matchAll(/(?:from|import\(|import)\s*"(\.[^"]+)"/g)]
    .map(([, path]) => normalize(join(dirname(file), path)))
    .filter((path) => path.endsWith(".ts"));
}
const IMPORTS = new Map(FILES.map((file) => [file, importsOf(file)]));
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
});
