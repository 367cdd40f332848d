/**
 * The WebAssembly engine: the kernels of egnn.c for machines without a C compiler and for browsers, in workers that share
 * the memory, or in one that has a copy. Memory is laid out anew for each call behind network and weights, in the order
 * inputs | plan | gradients | results | workspaces.
 */
import { InputError, WorkError } from "../../errors.ts";
import type { DynamicsConfig } from "../../nets/egnn/dynamics-layout.ts";
import type { AtomBatch } from "../engine.ts";
import {
  arenaIn,
  compileWasm,
  STACK,
  type WasmExports,
  type WasmVariant,
  wasmVariants,
} from "../wasm-module.ts";
import { type KernelEngine, type KernelOptions, kernelEngine } from "./kernel-engine.ts";
import { openTeam, STAGES, type Team } from "./wasm-team.ts";

export interface WasmOptions extends KernelOptions {
  /** Default: the best that this engine runs. */
  readonly variant?: WasmVariant;
}

/** What of WebAssembly this JavaScript engine has. */
export interface WasmStatus {
  readonly available: boolean;
  /** Why it is there or not, for users. */
  readonly reason: string;
  /** What this JavaScript engine runs, best first. */
  readonly variants: readonly WasmVariant[];
  /** Whether threads can share memory here. */
  readonly threads: boolean;
}

/** Counters of a call and its EgnnCall lie below the stacks. */
const COUNTERS = 64;
const FIXED = 4096;

/** Whether memory can be shared with workers: in Node always, in browsers where the page is isolated. */
const canShare = (): boolean =>
  typeof SharedArrayBuffer === "function" &&
  ((globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated ?? true);

/** Whether the WebAssembly engine can be used here, and why. */
export async function wasmStatus(): Promise<WasmStatus> {
  const variants = wasmVariants();
  const threads = canShare();
  const sharing = threads ? "" : ", but cannot share memory: one thread";
  const reason = {
    none: "this JavaScript engine has no WebAssembly",
    scalar: `this JavaScript engine has no WebAssembly SIMD: several times slower${sharing}`,
    SIMD: `this JavaScript engine runs WebAssembly SIMD${sharing}`,
    "relaxed SIMD": `this JavaScript engine runs WebAssembly relaxed SIMD${sharing}`,
  }[variants[0] ?? "none"];
  return { available: variants.length > 0, reason, variants, threads };
}

/**
 * The WebAssembly engine for a network, or undefined where there is no WebAssembly.
 * @throws InputError for a configuration or variant it cannot compute
 */
export async function loadWasmEngine(
  config: DynamicsConfig,
  options: WasmOptions = {},
): Promise<KernelEngine | undefined> {
  const { variants } = await wasmStatus();
  if (variants.length === 0) return undefined;
  const { variant = variants[0], threads = 1 } = options;
  if (!variants.includes(variant)) throw new InputError(`wasm engine: ${variant} is not available here`);
  if (!(Number.isInteger(threads) && threads >= 1))
    throw new InputError(`wasm engine: threads must be at least 1`);
  checkConfig(config);
  const shared = canShare();
  const module = await compileWasm(variant, shared);
  const memory = openMemory(shared);
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  const core = exports as unknown as WasmExports;
  const stacks = Array.from({ length: shared ? threads : 1 }, (_, k) => FIXED + (k + 2) * STACK);
  const team = await openTeam(module, memory, stacks, shared);
  return engineOn(config, variant, core, memory, team);
}

function engineOn(
  config: DynamicsConfig,
  variant: WasmVariant,
  core: WasmExports,
  memory: WebAssembly.Memory,
  team: Team,
): KernelEngine {
  core.__stack_pointer.value = FIXED + STACK;
  const arena = arenaIn(memory, FIXED + (team.size + 1) * STACK);
  const { place, copy, read } = arena;

  const configAt = place(core.configBytes());
  core.setConfig(configAt, ...configValues(config));
  const model = place(core.modelBytes(configAt));
  core.initModel(model, configAt);
  const call = place(core.callBytes());
  const weights = place(core.weightsBytes(model), "weights");
  const start = arena.end();

  const setBatch = (parameters: Float32Array, batch: AtomBatch, meanOver: number): void => {
    arena.cut(start);
    const arrays = [
      copy(batch.sizes),
      copy(batch.positions),
      copy(batch.features),
      batch.guess ? copy(batch.guess) : 0,
    ];
    const atoms = batch.positions.length / 3;
    core.setBatch(call, model, copy(parameters), weights, batch.sizes.length, atoms, ...arrays, meanOver);
    core.initPlan(call, place(core.planBytes(call), "the plan of a batch"));
  };
  /** @param results where the results begin, which are the last that was placed */
  const runStages = async (
    address: number,
    bytes: number,
    order: readonly number[],
    what: string,
    results: number,
  ): Promise<void> => {
    const end = arena.end();
    const workspaces = Array.from({ length: team.size }, () => place(bytes, what));
    const stages = order.map((stage) => ({ stage, tasks: core.stageTasks(address, stage) }));
    new Int32Array(memory.buffer, COUNTERS, 2 * stages.length).fill(0);
    const given = [
      [COUNTERS, FIXED],
      [configAt, weights],
      [start, end],
    ] as const;
    await team
      .run({ call: address, stages, workspaces, counters: COUNTERS, given, results: [results, end] })
      .catch((cause: unknown) => {
        throw new WorkError(`wasm engine: ${(cause as Error).message}`, { cause });
      });
  };
  const run = (training: boolean, results: number): Promise<void> =>
    runStages(
      call,
      core.workspaceBytes(call, Number(training)),
      training ? [STAGES.pack, STAGES.train, STAGES.reduce] : [STAGES.pack, STAGES.forward],
      "activations of a group of molecules",
      results,
    );

  return kernelEngine(config, {
    name: `wasm (${variant})`,
    forward: async (parameters, batch, meanOver, output) => {
      setBatch(parameters, batch, meanOver);
      const at = place(output.byteLength, "the output");
      core.setOutput(call, at);
      await run(false, at);
      read(at, output);
    },
    squaredError: async (parameters, batch, meanOver, target, errors, gradient) => {
      setBatch(parameters, batch, meanOver);
      const wanted = [target.target, target.positionWeight, target.featureWeight].map(copy);
      const lanes = core.stageTasks(call, STAGES.train);
      const partial = place(lanes * core.partialBytes(model), "gradients");
      const [position, feature, gradientAt] = [errors.position, errors.feature, gradient].map(
        ({ byteLength }) => place(byteLength, "the gradient"),
      );
      core.setTarget(call, ...wanted, position, feature, partial, gradientAt);
      await run(true, position);
      read(position, errors.position);
      read(feature, errors.feature);
      read(gradientAt, gradient);
    },
    gradientNorm: async (gradient) => {
      arena.cut(start);
      const update = place(core.updateBytes());
      const gradientAt = copy(gradient);
      const none = [0, 0, 0, 0, 0, 0, 0, 0] as const;
      core.setUpdate(update, gradient.length, gradientAt, ...none, 0, 0);
      const squares = new Float64Array(core.stageTasks(update, STAGES.norm));
      const at = place(squares.byteLength, "a norm");
      core.setUpdate(update, gradient.length, gradientAt, ...none, at, 0);
      await runStages(update, 0, [STAGES.norm], "a norm", at);
      read(at, squares);
      return Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
    },
    update: async (arrays, gradient, blocks, marks, coefficients) => {
      arena.cut(start);
      const update = place(core.updateBytes());
      const { parameters, ema, firstMoment, secondMoment, largestSecondMoment } = arrays;
      const changed = [parameters, ema, firstMoment, secondMoment, largestSecondMoment];
      const [gradientAt, blocksAt, marksAt, coefficientsAt] = [gradient, blocks, marks, coefficients].map(
        copy,
      );
      const places = changed.map((values) => (values.length === 0 ? 0 : copy(values)));
      core.setUpdate(
        update,
        ...[gradient.length, gradientAt, ...places, blocks.length / 4, blocksAt],
        ...[marks.length === 0 ? 0 : marksAt, 0, coefficientsAt],
      );
      await runStages(
        update,
        core.updateWorkspaceBytes(update),
        [STAGES.update],
        "a matrix of the optimiser",
        places[0],
      );
      changed.forEach((values, k) => {
        read(places[k], values);
      });
    },
    dispose: team.dispose,
  });
}

/** A memory that can grow to 4 GB, or as far as the engine allows. */
function openMemory(shared: boolean): WebAssembly.Memory {
  for (let maximum = 65536; ; maximum /= 2) {
    try {
      return new WebAssembly.Memory({ initial: 64, maximum, shared });
    } catch (cause) {
      if (maximum <= 1024) throw new WorkError("wasm engine: out of memory: cannot reserve 64 MB", { cause });
    }
  }
}

/** In the order of setConfig. */
const configValues = (c: DynamicsConfig): number[] => [
  ...[c.inFeatures, c.outFeatures, c.hidden, c.layers, c.sublayers],
  ...[c.attention, c.tanh, c.aggregation === "mean", c.sinEmbedding, c.selfConditioning].map(Number),
  Number(c.network === "gnn"),
  ...[c.coordsRange, c.normConstant, c.normalizationFactor],
];

function checkConfig(config: DynamicsConfig): void {
  const { inFeatures, outFeatures, hidden, layers, sublayers } = config;
  const counts = { inFeatures, hidden, sublayers };
  for (const [name, value] of Object.entries(counts)) {
    if (!(Number.isInteger(value) && value >= 1))
      throw new InputError(`wasm engine: ${name} must be at least 1, got ${value}`);
  }
  if (!(Number.isInteger(layers) && layers >= 0))
    throw new InputError(`wasm engine: layers must be at least 0, got ${layers}`);
  if (!(outFeatures >= 0 && outFeatures <= inFeatures)) {
    throw new InputError(
      `wasm engine: outFeatures must not exceed inFeatures (${inFeatures}), got ${outFeatures}`,
    );
  }
}
