/**
 * Runs what the pages of the documentation tell their readers to run: the commands of README, docs and models in order, in
 * a folder of each page's own, and the programs in TypeScript, compiled against the package. Ends with 1 where one fails,
 * or a number is not in the range that is stated for it.
 *
 *     node scripts/run-docs.mjs              # all in little time: with smaller numbers, without what is slow
 *     node scripts/run-docs.mjs --slow       # as written, for a night
 *     node scripts/run-docs.mjs docs/data.md # one page
 */
import { spawn, spawnSync } from "node:child_process";
import {
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { blocksOf, canonical, commandsOf, pagesOf, shortened } from "./docs/blocks.mjs";
import { createGivens } from "./docs/givens.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const words = process.argv.slice(2);
const slow = words.includes("--slow");
const named = words.filter((word) => !word.startsWith("-"));
const [AT_ONCE, LONGEST] = [2, slow ? 6 * 3600 : 900]; // pages; s for one command

const folder = mkdtempSync(join(tmpdir(), "equimol-docs-"));
const failures = [];
let ran = 0;
let left = 0;

const blocks = (named.length > 0 ? named : pagesOf(ROOT)).flatMap((page) =>
  blocksOf(readFileSync(join(ROOT, page), "utf8"), page),
);
const server = await models();
try {
  const tools = join(folder, "tools");
  mkdirSync(tools);
  const shim = `#!/bin/sh\nexec "${process.execPath}" "${join(ROOT, "bin/equimol.js")}" "$@"\n`;
  writeFileSync(join(tools, "equimol"), shim, { mode: 0o755 });
  // Programs that are for pages ask for models at addresses relative to the page.
  writeFileSync(join(tools, "page.mjs"), `globalThis.location = { href: "${server.url}" };\n`);
  const env = { PATH: `${tools}${delimiter}${process.env.PATH}`, NO_COLOR: "1" };
  const givens = join(folder, "givens");
  mkdirSync(givens);
  const give = createGivens({
    folder: givens,
    library: await import(pathToFileURL(join(ROOT, "dist/index.js"))),
    equimol: async (args, cwd, more) => {
      const { status, output } = await ended("equimol", args, cwd, { ...env, ...more });
      if (status !== 0) throw new Error(`equimol ${args.join(" ")}: ${output}`);
    },
  });
  const programs = compiled(blocks.filter(({ kind, skipped }) => kind === "ts" && skipped === undefined));
  const queue = [...new Set(blocks.map(({ page }) => page))];
  const next = async () => {
    for (let page = queue.shift(); page !== undefined; page = queue.shift())
      await runPage(
        page,
        blocks.filter((block) => block.page === page),
        { env, give, tools, programs },
      );
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
} finally {
  server.close();
  rmSync(folder, { recursive: true, force: true });
}
console.log(
  `docs: ${ran} commands and programs ran, ${left} were left out${slow ? "" : " (slow ones run by --slow)"}, ${failures.length} failed`,
);
for (const failure of failures) console.log(failure);
process.exit(failures.length > 0 ? 1 : 0);

/** The blocks of a page in their order; one that fails ends the page, for what follows needs it. */
async function runPage(page, own, { env, give, tools, programs }) {
  const place = join(folder, page.replace(/\W+/g, "-"));
  const home = join(place, ".home");
  mkdirSync(join(home, "data"), { recursive: true });
  for (const name of ["bin", "examples"]) symlinkSync(join(ROOT, name), join(place, name));
  const settled = { ...env, EQUIMOL_HOME: home };
  for (const block of own) {
    if (block.kind !== "sh" && block.kind !== "ts") continue;
    if (block.skipped !== undefined || (block.slow && !slow)) {
      left++;
      continue;
    }
    try {
      for (const name of block.given) await give(name, place, home);
    } catch (error) {
      return void failures.push(`${page}:${block.line}: what is given could not be made: ${error.message}`);
    }
    let printed = "";
    let whole = true;
    const steps =
      block.kind === "ts"
        ? [
            {
              text: "the program",
              line: block.line,
              args: ["--import", join(tools, "page.mjs"), programs.get(block)],
            },
          ]
        : commandsOf(block).map((command) => ({ ...command, text: canonical(command.text) }));
    for (const { text, line, args } of steps) {
      const short = slow || args !== undefined ? text : shortened(text);
      whole &&= short === text;
      if (short === undefined) {
        left++;
        continue;
      }
      const began = performance.now();
      const { status, output } = await (args === undefined
        ? ended("bash", ["-c", short], place, settled)
        : ended(process.execPath, args, place, settled));
      ran++;
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      console.log(`${status === 0 ? "ok  " : "FAIL"} ${seconds.padStart(6)} s  ${page}:${line}  ${short}`);
      printed += output;
      if (status !== 0) {
        const last = output.trim().split("\n").slice(-6).join("\n    ");
        return void failures.push(
          `${page}:${line}: ${short}: ${status ?? `more than ${LONGEST} s`}\n    ${last}`,
        );
      }
    }
    if (whole) failures.push(...block.expect.flatMap((expected) => outOfRange(block, expected, printed)));
  }
}

/** What is wrong with the number that a block states, if anything. */
function outOfRange({ page, line }, { pattern, least, most }, printed) {
  const found = pattern.exec(printed)?.[1];
  if (found === undefined) return [`${page}:${line}: prints nothing like ${pattern.source}\n    ${printed}`];
  const value = Number(found.replaceAll(",", ""));
  return value >= least && value <= most
    ? []
    : [`${page}:${line}: ${pattern.source} is ${found}, not in ${least}..${most}`];
}

/** Runs a program to its end. @returns its status, null where it took too long, and what it printed */
function ended(program, args, cwd, env) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const clock = setTimeout(() => child.kill("SIGKILL"), 1000 * LONGEST);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece) => (output += piece));
    child.on("close", (status) => {
      clearTimeout(clock);
      resolve({ status, output });
    });
  });
}

/** The programs as JavaScript, checked by TypeScript against the package's types. */
function compiled(programs) {
  const place = join(folder, "programs");
  mkdirSync(join(place, "node_modules/@types"), { recursive: true });
  symlinkSync(ROOT, join(place, "node_modules/equimol"));
  symlinkSync(join(ROOT, "node_modules/@types/node"), join(place, "node_modules/@types/node"));
  const files = new Map(
    programs.map((block, k) => {
      const name = `program-${k}`;
      // Imports that came before are the reader's already.
      writeFileSync(join(place, `${name}.ts`), `${block.before}${block.code.join("\n")}\n`);
      return [block, join(place, `${name}.js`)];
    }),
  );
  const compilerOptions = {
    ...{
      strict: true,
      module: "node16",
      moduleResolution: "node16",
      target: "es2022",
      lib: ["esnext", "dom"],
    },
    ...{ types: ["node"], skipLibCheck: true },
  };
  writeFileSync(join(place, "package.json"), '{ "type": "module" }\n');
  writeFileSync(join(place, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  if (programs.length === 0) return files;
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", place],
    {
      encoding: "utf8",
    },
  );
  if (status !== 0) {
    const where = programs.map(({ page, line }, k) => `program-${k} is ${page}:${line}`).join(", ");
    failures.push(`the programs do not compile:\n${stdout}(${where})`);
  }
  return files;
}

/** The shipped models at an address, as a page has them; `model/` is qm9-fast. */
async function models() {
  const server = createServer(({ url }, response) => {
    const path = decodeURIComponent(new URL(url, "http://localhost").pathname).replace(
      /^\/model\//,
      "/qm9-fast/",
    );
    const file = join(ROOT, "models", path);
    if (!existsSync(file)) return response.writeHead(404).end();
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}
