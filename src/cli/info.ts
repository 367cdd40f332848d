/** `equimol info`: what this installation has; `equimol info MODEL`: what is in a model folder. */
import { availableParallelism, cpus } from "node:os";
import { dataHome, datasetNames } from "../data/store.ts";
import { packageVersion } from "../version.ts";
import { section } from "./help.ts";
import { describeModel, shippedModels } from "./model-card.ts";
import { commonOptions, integerOption, threadsOption } from "./options.ts";
import { createOutput, type Output } from "./output.ts";
import { defineVerb } from "./verb.ts";

export const info = defineVerb({
  meta: { name: "info", description: "What this installation has, or what is in a model." },
  args: {
    model: {
      type: "positional",
      required: false,
      description: "a model folder or the name of a shipped model",
    },
    ...threadsOption,
    ...commonOptions,
  },
  examples: [
    { command: "equimol info", does: "version, engines, devices, data sets and models" },
    { command: "equimol info qm9-small", does: "architecture, size and training of a model" },
  ],
  run: async ({ args }) => {
    const output = createOutput(args);
    integerOption("threads", args.threads, { min: 1 });
    if (args.model !== undefined) await showModel(args.model, output);
    else await showInstallation(output);
  },
});

async function showInstallation(output: Output): Promise<void> {
  const { threadCount } = await import("../runtime/worker-shim.ts");
  const facts = {
    version: packageVersion(),
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    cpu: { model: cpus()[0]?.model.trim() ?? "unknown", cores: availableParallelism() },
    threads: threadCount(),
    dataHome: dataHome(),
    dataSets: datasetNames(),
    models: shippedModels(),
  };
  output.result(facts);
  output.print(
    section(
      `equimol ${facts.version}`,
      [
        ["Node", `${facts.node} on ${facts.platform}`],
        ["CPU", `${facts.cpu.model}, ${facts.cpu.cores} cores`],
        ["threads", `${facts.threads} (--threads, EQUIMOL_THREADS)`],
        ["data home", `${facts.dataHome} (EQUIMOL_HOME)`],
        ["data sets", facts.dataSets.join(", ") || 'none yet; "equimol data make minimol" makes one'],
        ["models", facts.models.join(", ") || "none shipped"],
      ],
      output.colours,
    ),
  );
}

async function showModel(nameOrPath: string, output: Output): Promise<void> {
  const model = await describeModel(nameOrPath);
  output.result(model);
  output.print(section(model.folder, model.rows, output.colours));
}
