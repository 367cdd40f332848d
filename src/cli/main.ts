/**
 * The command line: finds the verb, checks its words, runs it, and turns what it throws into one line and an exit
 * code: 0 done, 1 failed while working, 2 bad input, 130/143 interrupted.
 */
import { type CommandDef, runCommand } from "citty";
import { InputError, nearest } from "../errors.ts";
import { packageVersion } from "../platform/node/version.ts";
import { helpText, section, verbRows } from "./help.ts";
import { checkedWords } from "./options/words.ts";
import { coloursFor, recordsPassedOver } from "./output.ts";
import { reportError } from "./report-error.ts";
import { handleSignals } from "./signals.ts";
import type { Verb, VerbEntry } from "./verb.ts";

/** A verb may end with this code where it is no error: a run that was interrupted and saved. */
export interface VerbOutcome {
  readonly exitCode?: number;
}

const VERBS: Readonly<Record<string, VerbEntry>> = {
  data: {
    summary: "import, fetch, make, list and show data sets",
    load: async () => (await import("./data/data.ts")).data,
  },
  train: {
    summary: "train a model on a data set",
    load: async () => (await import("./train/train.ts")).train,
  },
  sample: {
    summary: "generate new molecules from a trained model",
    load: async () => (await import("./sample.ts")).sample,
  },
  simulate: {
    summary: "molecular dynamics and geometry optimisation with a force field",
    load: async () => (await import("./simulate.ts")).simulate,
  },
  conformers: {
    summary: "make conformers of given molecules",
    load: async () => (await import("./conformers.ts")).conformers,
  },
  predict: {
    summary: "energies, forces and properties of molecules by a trained network",
    load: async () => (await import("./predict.ts")).predict,
  },
  evaluate: {
    summary: "measure molecules: stability, validity, uniqueness, novelty, geometry",
    load: async () => (await import("./evaluate/evaluate.ts")).evaluate,
  },
  lab: {
    summary: "small generative models on data one can see: train, sample, evaluate, compare",
    load: async () => (await import("./lab/lab.ts")).lab,
  },
  info: {
    summary: "what this installation has, or what is in a model",
    load: async () => (await import("./info.ts")).info,
  },
};

/** Runs the command line and ends the process. `words` is what follows the program's name. */
export async function main(words: readonly string[]): Promise<void> {
  handleSignals();
  keepWritingWithoutReader();
  let code: number;
  try {
    code = codeWithSkips(await runVerb(words));
  } catch (error) {
    code = reportError(error);
  }
  await Promise.all(
    [process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write("", done))),
  );
  process.exit(code);
}

/** Records that were passed over are bad input, though what was made of the others is whole. */
function codeWithSkips(code: number): number {
  const count = recordsPassedOver();
  if (count === 0) return code;
  console.error(
    `${count} record${count === 1 ? " was" : "s were"} passed over, the others are done; --strict refuses such a file`,
  );
  return code === 0 ? 2 : code;
}

async function runVerb(words: readonly string[]): Promise<number> {
  const [first] = words;
  if (first === undefined || first === "--help" || first === "-h") return say(overview());
  if (first === "--version") return say(packageVersion());
  if (first === "help") return runVerb(words.length === 1 ? ["--help"] : [...words.slice(1), "--help"]);
  const { path, verb, rest } = await findVerb("equimol", VERBS, words);
  const options = rest.includes("--") ? rest.slice(0, rest.indexOf("--")) : rest;
  if (options.includes("--help") || options.includes("-h") || verb.run === undefined) {
    return say(helpText(path, verb, coloursFor(process.stdout)));
  }
  const { subCommands: _, ...own } = verb; // which of them is meant was settled above
  const { result } = await runCommand(own as CommandDef, { rawArgs: checkedWords(rest, path, verb) });
  return (result as VerbOutcome | undefined)?.exitCode ?? 0;
}

/**
 * Walks down the verbs: "data", then "import". Stops at a verb with verbs below it when no word follows, or when it
 * does work of its own and the word that follows is none of them.
 */
async function findVerb(
  path: string,
  verbs: Readonly<Record<string, VerbEntry>>,
  words: readonly string[],
): Promise<{ path: string; verb: Verb; rest: readonly string[] }> {
  const [name, ...rest] = words;
  const names = Object.keys(verbs);
  if (name.startsWith("-")) {
    throw new InputError(
      `expected a verb before ${name}: ${path} VERB ${name} …, with VERB one of ${names.join(", ")}`,
    );
  }
  if (!Object.hasOwn(verbs, name)) {
    const near = nearest(name, path === "equimol" ? [...names, "help"] : names);
    const hint = near === undefined ? `the verbs are ${names.join(", ")}` : `did you mean ${path} ${near}?`;
    throw new InputError(`unknown verb "${name}"; ${hint} (see ${path} --help)`);
  }
  const verb = await verbs[name].load();
  const here = `${path} ${name}`;
  const wantsHelp =
    rest[0] === "--help" || rest[0] === "-h" || (rest[0] === "help" && verb.run === undefined);
  if (verb.subCommands === undefined || rest.length === 0 || wantsHelp) return { path: here, verb, rest };
  if (verb.run !== undefined && !Object.hasOwn(verb.subCommands, rest[0])) return { path: here, verb, rest };
  return findVerb(here, verb.subCommands, rest);
}

function overview(): string {
  const colours = coloursFor(process.stdout);
  return [
    "equimol: generate 3D molecules with E(3)-equivariant diffusion",
    `${colours.bold("Usage")}  equimol VERB [options]`,
    section("Verbs", verbRows(VERBS), colours),
    section(
      "Options",
      [
        ["-h, --help", "show this help, or with a verb the help of the verb (also: equimol help VERB)"],
        ["--version", "print the version"],
      ],
      colours,
    ),
  ].join("\n\n");
}

function say(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

/** `equimol … | head` closes our stdout early: the work goes on, the text goes nowhere. */
function keepWritingWithoutReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") return;
      if (stream === process.stdout) console.error(`stdout: cannot be written: ${error.message}`);
      process.exit(1);
    });
  }
}
