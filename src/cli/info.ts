/** `equimol info`: what this installation has; `equimol info MODEL`: what is in a model. */
import { statSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { symbolOf } from "../chem/elements.ts";
import { packageVersion } from "../platform/node/version.ts";
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
  const { hasSimd } = await import("../platform/platform.ts");
  const { threadCount } = await import("../platform/worker-shim.ts");
  const { webgpuStatus } = await import("../platform/prepare.ts");
  const { nativeStatus } = await import("../engines/native-addon.ts");
  const { datasetNames } = await import("../data/store.ts");
  const { dataHome } = await import("../platform/node/home.ts");
  const { wasmStatus } = await import("../engines/egnn/wasm.ts");
  const { shippedModelNames } = await import("../models/edm/folder.ts");
  const native = nativeStatus();
  const simd = hasSimd();
  const wasm = await wasmStatus();
  const facts = {
    version: packageVersion(),
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    cpu: { model: cpus()[0]?.model.trim() ?? "unknown", cores: availableParallelism() },
    threads: threadCount(),
    engines: {
      native: { available: native.available, reason: native.reason },
      wasm: { available: wasm.available, reason: wasm.reason },
      jax: simd
        ? { available: true, reason: "the readable definition; slower" }
        : { available: false, reason: "this JavaScript engine has no WebAssembly SIMD" },
    },
    /** What computes each network that has kernels, the fastest first; jax-js computes all networks. */
    kernels: {
      egnn: kernelsOf(native.isa, wasm.variants[0]),
      painn: kernelsOf(native.isa, wasm.variants[0]),
      geodiff: kernelsOf(native.isa, wasm.variants[0]),
    },
    engine: native.available ? "native" : wasm.available ? "wasm" : simd ? "jax" : "none",
    devices: {
      cpu: { available: true, reason: "the default" },
      webgpu: await webgpuStatus(),
    },
    dataHome: dataHome(),
    dataSets: datasetNames(),
    models: shippedModelNames(),
  };
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

const kernelsOf = (isa: string | undefined, variant?: string): string[] => [
  ...(isa === undefined ? [] : [`native (${isa})`]),
  ...(variant === undefined ? [] : [`wasm (${variant})`]),
];

/** What the networks with kernels are for. */
const USE = {
  egnn: "molecules",
  painn: "energies, forces, properties",
  geodiff: "conformers",
} as const;

async function showModel(nameOrPath: string, output: Output): Promise<void> {
  const { findModel, loadEdm } = await import("../models/edm/folder.ts");
  const { modelKindOf } = await import("../models/model-folder.ts");
  const folder = findModel(nameOrPath);
  const kind = await modelKindOf(folder);
  if (kind === "forcefield" || kind === "property") return showGeometric(folder, output);
  if (kind !== "edm" && kind !== undefined) return showPlainly(folder, output);
  const { resolveSampling, samplingText } = await import("../models/edm/sampling.ts");
  const model = await loadEdm(folder);
  const { config, parameters } = model;
  const bytes = statSync(join(folder, "model.safetensors")).size;
  output.result({ folder, bytes, parameters: parameters.length, ...config });

  const { network, schedule, features, sizes, provenance } = config;
  const atoms = Object.keys(sizes).map(Number);
  const molecules = Object.values(sizes).reduce((sum, count) => sum + count, 0);
  const rows: [string, string][] = [
    ["kind", config.kind],
    ["parameters", `${count(parameters.length)} (${(bytes / 1e6).toFixed(2)} MB)`],
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
  output.print(section(folder, rows, output.colours));
}

/** "normConstant" as "norm constant". */
const words = (key: string): string => key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

async function showGeometric(folder: string, output: Output): Promise<void> {
  const { loadGeometric } = await import("../models/geometric/folder.ts");
  const { config, parameters } = await loadGeometric(folder);
  const bytes = statSync(join(folder, "model.safetensors")).size;
  output.result({ folder, bytes, parameters: parameters.length, ...config });
  const { kind, network, elements, provenance } = config;
  const { property, unit, pooling, range } = config.output;
  const { radial, ...sizes } = network;
  const rows: [string, string][] = [
    ["kind", kind],
    ["parameters", `${count(parameters.length)} (${(bytes / 1e6).toFixed(2)} MB)`],
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
  output.print(section(folder, rows, output.colours));
}

/** What config.json says of a model of another kind, key by key. */
async function showPlainly(folder: string, output: Output): Promise<void> {
  const { readModelConfig } = await import("../models/model-folder.ts");
  const { readSafetensors } = await import("../platform/node/safetensors.ts");
  const { z } = await import("zod");
  const config = await readModelConfig(folder, z.record(z.string(), z.json()));
  const file = join(folder, "model.safetensors");
  const { tensors } = await readSafetensors(file);
  const bytes = statSync(file).size;
  const parameters = [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0);
  output.result({ folder, bytes, parameters, ...config });
  const { provenance = {}, ...settings } = config;
  const [first, ...rest] = Object.entries(settings).map(([key, value]): [string, string] => [
    words(key),
    Array.isArray(value)
      ? value.join(" ")
      : typeof value === "object" && value !== null
        ? described(value)
        : String(value),
  ]);
  const size = `${count(parameters)} (${(bytes / 1e6).toFixed(2)} MB)`;
  const rows = [
    first,
    ["parameters", size] as const,
    ...rest,
    ...provenanceRows(provenance as object as Record<string, unknown>),
  ];
  output.print(section(folder, rows, output.colours));
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
