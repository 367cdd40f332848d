import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { LAB_KINDS } from "../../src/lab/models/kinds.ts";
import { ROOT } from "../cli/command-line.ts";

const FOLDER = `${ROOT}docs/lab/`;
const pages = new Map(
  readdirSync(FOLDER)
    .filter((name) => name.endsWith(".md"))
    .map((name) => [name, readFileSync(FOLDER + name, "utf8")]),
);

test("the code on the pages of the lab is that of the source", () => {
  expect(() =>
    execFileSync(process.execPath, [`${ROOT}scripts/lab-pages.mjs`, "--check"], { stdio: "pipe" }),
  ).not.toThrow();
});

test("every model has a page with its command, and the index names it", () => {
  const commands = [...pages.values()].join("\n");
  for (const { name } of LAB_KINDS) {
    expect(commands).toMatch(new RegExp(`equimol lab train ${name}( |\\n)`));
    expect(pages.get("README.md")).toContain(`\`${name}\``);
  }
});

test("pages are short, their pictures are there, and their links lead somewhere", () => {
  for (const [name, page] of pages) {
    expect(page.split("\n").length, name).toBeLessThan(75);
    for (const [, target] of page.matchAll(/\]\(([^)#]+)\)/g))
      expect(existsSync(FOLDER + target), `${name}: ${target}`).toBe(true);
  }
});
