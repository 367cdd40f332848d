/**
 * The commands and programs in the pages of the documentation. What readers do not see, comments right above a block,
 * says how it is run:
 *
 *     <!-- slow -->                        only where all is run as written
 *     <!-- not run: REASON -->             never
 *     <!-- given: qm9, ethanol.xyz -->     what must be there before (givens.mjs)
 *     <!-- before: const text = "…"; -->   what a program needs besides
 *     <!-- expect: REGEX is LEAST..MOST --> the number in the first group, in what the block prints as written
 */
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";

/** Pages of the repository in the order in which they are run. */
export function pagesOf(root) {
  const below = (folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(".md"))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
      .sort();
  return ["README.md", "CONTRIBUTING.md", ...below("docs"), ...below("models")];
}

/** Blocks of a page: commands (`sh`), programs (`ts` that import the package), and what is neither. */
export function blocksOf(text, page) {
  const lines = text.split("\n");
  const blocks = [];
  for (let at = 0; at < lines.length; at++) {
    if (!lines[at].startsWith("```")) continue;
    const end = lines.indexOf("```", at + 1);
    if (end < 0) throw new Error(`${page}:${at + 1}: the block has no end`);
    const kind = lines[at].slice(3).trim();
    const code = lines.slice(at + 1, end);
    blocks.push({
      page,
      line: at + 1,
      kind: kindOf(kind, code, `${page}:${at + 1}`),
      code,
      ...tagsAbove(lines, at, page),
    });
    at = end;
  }
  return blocks;
}

/** A block that looks like commands must say so: else it would be passed over in silence. */
function kindOf(kind, code, place) {
  if (kind === "ts" && !/\bfrom "equimol/.test(code.join("\n"))) return "excerpt";
  if (kind === "" && code.some((line) => /^(equimol|node|npm|npx) /.test(line)))
    throw new Error(`${place}: the block has commands; write \`\`\`sh above it`);
  return kind === "sh" || kind === "ts" ? kind : "other";
}

function tagsAbove(lines, at, page) {
  const tags = { slow: false, skipped: undefined, given: [], before: "", expect: [] };
  for (let above = at - 1; above >= 0; above--) {
    const [, name, , value = ""] =
      /^<!-- (slow|not run|given|before|expect)(: (.*))? -->$/.exec(lines[above]) ?? [];
    if (name === undefined) break;
    if (name === "slow") tags.slow = true;
    else if (name === "not run") tags.skipped = value;
    else if (name === "given") tags.given.push(...value.split(/,\s*/));
    else if (name === "before") tags.before = `${value}\n${tags.before}`;
    else {
      const [, pattern, least, most] = /^(.+) is (-?[\d.]+)\.\.(-?[\d.]+)$/.exec(value) ?? [];
      if (pattern === undefined) throw new Error(`${page}:${above + 1}: expect: REGEX is LEAST..MOST`);
      tags.expect.push({ pattern: new RegExp(pattern), least: Number(least), most: Number(most) });
    }
  }
  return tags;
}

/** Commands of a block, one for each line that is not continued, without remarks. */
export function commandsOf({ code, line }) {
  const commands = [];
  let open = "";
  code.forEach((text, k) => {
    open += text.replace(/\s+#\s.*$/, "").replace(/\\$/, "");
    if (text.endsWith("\\")) return;
    if (open.trim() !== "") commands.push({ text: open.trim(), line: line + 1 + k });
    open = "";
  });
  return commands;
}

/** What shortens a command where all are to be tried in little time; its words are checked all the same. */
const SHORTER = [
  [/^(equimol train edm .*)$/, "$1 --set validation.molecules=4 --set validation.samples=0"],
  [/^(equimol (?:lab )?train .*)$/, "$1 --max-seconds 1"],
  [/^(equimol lab (?:train|evaluate) .*)$/, "$1 --samples 50 --likelihood-rows 5"],
  [/^(equimol sample (?!.*--steps).*)$/, "$1 --steps 10"],
  [/ --steps \d{3,}/, " --steps 10"],
  [/ -n \d{2,}(?![\dx])/, " -n 8"],
  [/^(equimol simulate (?!.*--(?:time|steps|resume)).*)$/, "$1 --steps 400"],
  [/ --resume --time [\d.]+/, " --resume --time 0.6"],
  [/ --time [1-9][\d.]*/, " --time 0.5"],
  [/ --replicas \d+/, " --replicas 4"],
  [/ --frames \d+/, " --frames 3"],
  [/^(equimol data make minimol.*)$/, "$1 --count 40"],
  [/^(equimol evaluate .*--condition .*)$/, "$1 --limit 8 --steps 10"],
  [/^(equimol evaluate .*--nll.*)$/, "$1 --limit 4 --draws 2"],
  [/^(equimol evaluate conformers .*)$/, "$1 --no-baselines"],
];

/** The same command with smaller numbers; undefined where nothing makes it short: of the lab one kind stands for all. */
export const shortened = (command) =>
  /^equimol lab (?!list|.*\bddpm-?)|mnist/.test(command)
    ? undefined
    : SHORTER.reduce((text, [pattern, shorter]) => text.replace(pattern, shorter), command);

/** `equimol` and `node bin/equimol.js` are the same program. */
export const canonical = (command) => command.replace(/^node bin\/equimol\.js\b/, "equimol");
