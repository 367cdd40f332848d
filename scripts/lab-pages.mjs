/**
 * Fills the code blocks of docs/lab/*.md with the code that they are about: what stands between
 * `<!-- code FILE#NAME -->` and `<!-- end -->` becomes the lines of FILE from `// docs: begin NAME` to
 * `// docs: end NAME`, or the declaration of NAME. With --check it changes nothing and ends with 1 where a page and the
 * source differ.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PAGES = join(ROOT, "docs", "lab");

const check = process.argv.includes("--check");
const stale = readdirSync(PAGES)
  .filter((name) => name.endsWith(".md"))
  .filter((name) => {
    const file = join(PAGES, name);
    const before = readFileSync(file, "utf8");
    const after = filled(before, name);
    if (before !== after && !check) writeFileSync(file, after);
    return before !== after;
  });
if (check && stale.length > 0) {
  console.error(`the code in ${stale.join(", ")} is not that of the source: run node scripts/lab-pages.mjs`);
  process.exit(1);
}
if (!check) console.error(`${stale.length} pages of docs/lab changed`);

function filled(page, name) {
  return page.replace(
    /<!-- code (\S+)#(\S+) -->\n[\s\S]*?<!-- end -->/g,
    (_, file, part) =>
      `<!-- code ${file}#${part} -->\n\`\`\`ts\n${excerpt(file, part, name)}\n\`\`\`\n<!-- end -->`,
  );
}

/** The marked lines, or the declaration of that name, without the indentation they share. */
function excerpt(file, part, page) {
  const lines = readFileSync(join(ROOT, file), "utf8").split("\n");
  const begin = lines.findIndex((line) => line.trim() === `// docs: begin ${part}`);
  const found =
    begin >= 0
      ? lines.slice(
          begin + 1,
          lines.findIndex((line) => line.trim() === `// docs: end ${part}`),
        )
      : declaration(lines, part);
  if (found.length === 0) throw new Error(`docs/lab/${page}: ${file} has no part "${part}"`);
  const indent = Math.min(
    ...found.filter((line) => line.trim() !== "").map((line) => line.match(/^ */)[0].length),
  );
  return found.map((line) => line.slice(indent)).join("\n");
}

/** From `const NAME` or `function NAME` to its end: the closing brace of its body, or the end of its expression. */
function declaration(lines, name) {
  const first = lines.findIndex((line) =>
    new RegExp(`^ *(export )?(async )?(const|function) ${name}\\b`).test(line),
  );
  if (first < 0) return [];
  const rest = lines.slice(first);
  const indent = rest[0].match(/^ */)[0];
  const body = rest.findIndex((line, k) => line.endsWith("{") && (k === 0 || line.startsWith(`${indent})`)));
  const statement = rest.findIndex((line) => line.endsWith(";"));
  if (body < 0 || statement < body) return rest.slice(0, statement + 1);
  const closing = new RegExp(`^${indent}[})]+[;,]?$`);
  return rest.slice(0, body + 2 + rest.slice(body + 1).findIndex((line) => closing.test(line)));
}
