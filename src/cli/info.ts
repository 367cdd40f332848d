/** `equimol info`: what this installation has; `equimol info MODEL`: what is in a model. */
import { symbolOf } from "../chem/elements.ts";
import { resolveSampling, samplingText } from "../models/edm/sampling.ts";
import { describeModel, installation, type ModelDescription } from "../workflows/node/info.ts";
import { section } from "./help.ts";
import { commonOptions, integerOption, threadsOption } from "./options/options.ts";
import { createOutput, type Output } from "./output.ts";
import { defineVerb } from "./verb.ts";

export const info = defineVerb({
  meta: { name: "info", description: "Shows what this installation has, or what is in a model." },
  args: {
    model: {
      type: "positional",
      required: false,
      description: "model folder, run folder, or name of a shipped model",
    },
    ...threadsOption,
    ...commonOptions,
  },
  examples: [
    { command: "equimol info", does: "version, engines, devices, data sets, models" },
    { command: "equimol info qm9-fast", does: "architecture, size and training of a model" },
  ],
  run: async ({ args }) => {
    const output = createOutput(args);
    integerOption("threads", args.threads, { min: 1 });
    if (args.model !== undefined) await showModel(args.model, output);
    else await showInstallation(output);
  },
});

async function showInstallation(output: Output): Promise<void> {
  const facts = await installation();
  output.result(facts);
  const { colours } = output;
  const states = (
    group: Readonly<Record<string, { readonly available: boolean; readonly reason: string }>>,
  ) =>
    Object.entries(group).map(([name, { available, reason }]): [string, string] => [
      name,
      `${available ? "yes" : "no"}: ${reason}`,
    ]);
  output.print(
    [
      section(
        `equimol ${facts.version}`,
        [
          ["Node", `${facts.node} on ${facts.platform}`],
          ["CPU", `${facts.cpu.model}, ${facts.cpu.cores} cores`],
          ["engine", `${facts.engine}, the fastest that is here`],
          ["threads", `${facts.threads} (--threads or EQUIMOL_THREADS)`],
          ["data home", `${facts.dataHome} (EQUIMOL_HOME)`],
          ["data sets", facts.dataSets.join(", ") || "none yet; equimol data make minimol makes one"],
          ["models", facts.models.join(", ") || "none"],
        ],
        colours,
      ),
      section("Engines", states(facts.engines), colours),
      section(
        "Kernels",
        Object.entries(facts.kernels).map(([name, built]): [string, string] => [
          name,
          `${[...built, "jax"].join(", ")}: ${USE[name as keyof typeof USE]}`,
        ]),
        colours,
      ),
      section("Devices", states(facts.devices), colours),
    ].join("\n\n"),
  );
}

/** What the networks with kernels are for. */
const USE = {
  egnn: "molecules",
  painn: "energies, forces, properties",
  geodiff: "conformers",
} as const;

async function showModel(nameOrPath: string, output: Output): Promise<void> {
  const description = await describeModel(nameOrPath);
  const { folder, bytes, is, model } = description;
  const parameters = is === "other" ? model.parameters : model.parameters.length;
  output.result({ folder, bytes, parameters, ...model.config });
  const size = `${count(parameters)} (${(bytes / 1e6).toFixed(2)} MB)`;
  const rows =
    is === "edm"
      ? edmRows(model, size)
      : is === "geometric"
        ? geometricRows(model, size)
        : plainRows(model, size);
  output.print(section(folder, rows, output.colours));
}

type Rows = (readonly [string, string])[];
type Described<K extends ModelDescription["is"]> = Extract<ModelDescription, { readonly is: K }>["model"];

function edmRows(model: Described<"edm">, parameters: string): Rows {
  const { config } = model;
  const { network, schedule, features, sizes, provenance } = config;
  const atoms = Object.keys(sizes).map(Number);
  const molecules = Object.values(sizes).reduce((sum, count) => sum + count, 0);
  return [
    ["kind", config.kind],
    ["parameters", parameters],
    ["network", `${network.kind}: ${described(network)}`],
    ["schedule", `${schedule.kind}: ${described(schedule)}`],
    ["features", described(features)],
    ["elements", config.elements.map(symbolOf).join(" ")],
    ["sizes", `${Math.min(...atoms)} to ${Math.max(...atoms)} atoms, from ${count(molecules)} molecules`],
    ["sampling", samplingText(resolveSampling(model, {}))],
    ...Object.entries(config.qualities ?? {}).map(([quality, setting]): [string, string] => [
      quality,
      samplingText(setting),
    ]),
    ...provenanceRows(provenance),
  ];
}

/** "normConstant" as "norm constant". */
const words = (key: string): string => key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

function geometricRows({ config }: Described<"geometric">, parameters: string): Rows {
  const { kind, network, elements, provenance } = config;
  const { property, unit, pooling, range } = config.output;
  const { radial, ...sizes } = network;
  return [
    ["kind", kind],
    ["parameters", parameters],
    ["network", `${network.kind}: ${described(sizes)}`],
    ["distances", `${radial.kind}: ${described(radial)}`],
    [
      "predicts",
      kind === "forcefield"
        ? `energy (${unit}) and forces (${unit}/Å)`
        : `${property} (${unit}), ${pooling} over atoms`,
    ],
    ...(range
      ? [["range", `${range[0]} … ${range[1]} ${unit} in the training data`] as [string, string]]
      : []),
    ["elements", elements.map(symbolOf).join(" ")],
    ...provenanceRows(provenance),
  ];
}

/** What config.json says of a model of another kind, key by key. */
function plainRows({ config }: Described<"other">, parameters: string): Rows {
  const { provenance = {}, ...settings } = config;
  const [first, ...rest] = Object.entries(settings).map(([key, value]): [string, string] => [
    words(key),
    Array.isArray(value)
      ? value.join(" ")
      : typeof value === "object" && value !== null
        ? described(value)
        : String(value),
  ]);
  return [
    first,
    ["parameters", parameters],
    ...rest,
    ...provenanceRows(provenance as object as Record<string, unknown>),
  ];
}

const count = (value: number): string => value.toLocaleString("en-US");

const described = (settings: object): string =>
  Object.entries(settings)
    .filter(([key]) => key !== "kind")
    .map(([key, value]) => `${words(key)} ${Array.isArray(value) ? value.map(short).join("/") : value}`)
    .join(", ");

const short = (value: unknown): unknown =>
  typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;

const provenanceRows = (provenance: Readonly<Record<string, unknown>>): [string, string][] =>
  Object.entries(provenance).map(([key, value]) => [
    words(key),
    typeof value === "object" ? JSON.stringify(value) : String(value),
  ]);
