/** `equimol info` as functions: what this installation has, and what is in a model. */
import { statSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { datasetNames } from "../../data/store.ts";
import { wasmStatus } from "../../engines/egnn/wasm.ts";
import { nativeStatus } from "../../engines/native-addon.ts";
import { findModel, loadEdm, shippedModelNames } from "../../models/edm/folder.ts";
import type { EdmModel } from "../../models/edm/model.ts";
import { loadGeometric } from "../../models/geometric/folder.ts";
import type { GeometricModel } from "../../models/geometric/model.ts";
import { modelKindOf, readModelConfig } from "../../models/model-folder.ts";
import { dataHome } from "../../platform/node/home.ts";
import { readSafetensors } from "../../platform/node/safetensors.ts";
import { packageVersion } from "../../platform/node/version.ts";
import { hasSimd } from "../../platform/platform.ts";
import { webgpuStatus } from "../../platform/prepare.ts";
import { threadCount } from "../../platform/worker-shim.ts";

/** What there is to compute with, and what is stored. */
export async function installation() {
  const native = nativeStatus();
  const simd = hasSimd();
  const wasm = await wasmStatus();
  /** What computes a network that has kernels, the fastest first; jax-js computes all networks. */
  const kernels = [
    ...(native.isa === undefined ? [] : [`native (${native.isa})`]),
    ...(wasm.variants[0] === undefined ? [] : [`wasm (${wasm.variants[0]})`]),
  ];
  return {
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
    kernels: { egnn: kernels, painn: kernels, geodiff: kernels },
    engine: native.available ? "native" : wasm.available ? "wasm" : simd ? "jax" : "none",
    devices: {
      cpu: { available: true, reason: "the default" },
      webgpu: await webgpuStatus(),
    },
    dataHome: dataHome(),
    dataSets: datasetNames(),
    models: shippedModelNames(),
  };
}

/** Where a model lies. */
interface Stored {
  readonly folder: string;
  /** Of the file of parameters. */
  readonly bytes: number;
}

/** What is in a model folder. */
export type ModelDescription = Stored &
  (
    | { readonly is: "edm"; readonly model: EdmModel }
    | { readonly is: "geometric"; readonly model: GeometricModel }
    /** A model of another kind: what its config.json says, and how many parameters it has. */
    | {
        readonly is: "other";
        readonly model: { readonly config: Readonly<Record<string, unknown>>; readonly parameters: number };
      }
  );

/**
 * What a model folder, a run or a shipped model holds.
 * @throws InputError where there is none, or it is damaged
 */
export async function describeModel(nameOrPath: string): Promise<ModelDescription> {
  const folder = findModel(nameOrPath);
  const kind = await modelKindOf(folder);
  const file = join(folder, "model.safetensors");
  const place = () => ({ folder, bytes: statSync(file).size });
  if (kind === "edm" || kind === undefined) {
    const model = await loadEdm(folder);
    return { ...place(), is: "edm", model };
  }
  if (kind === "forcefield" || kind === "property") {
    const model = await loadGeometric(folder);
    return { ...place(), is: "geometric", model };
  }
  const config = await readModelConfig(folder, z.record(z.string(), z.json()));
  const { tensors } = await readSafetensors(file);
  const parameters = [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0);
  return { ...place(), is: "other", model: { config, parameters } };
}
