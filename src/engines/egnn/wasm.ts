/**
 * The WebAssembly engine: the kernels of egnn.c for machines without a C compiler and for browsers. Memory is laid
 * out anew for each call in the order static | inputs | plan | gradients | workspaces, which the next call reuses.
 */
import { InputError, WorkError } from "../../errors.ts";
import type { EgnnConfig } from "../../nets/egnn/egnn-config.ts";
import type { AtomBatch, SquaredErrorTarget } from "../engine.ts";
import { compileWasm, type WasmExports, type WasmVariant, wasmVariants } from "../wasm-module.ts";
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

const STACK = 1 << 16;
const PAGE = 1 << 16;
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
  config: EgnnConfig,
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
  const team = shared
    ? await openTeam(
        module,
        memory,
        Array.from({ length: threads }, (_, k) => FIXED + (k + 2) * STACK),
      )
    : soloTeam(core);
  return engineOn(config, variant, core, memory, team);
}

function engineOn(
  config: EgnnConfig,
  variant: WasmVariant,
  core: WasmExports,
  memory: WebAssembly.Memory,
  team: Team,
): KernelEngine {
  core.__stack_pointer.value = FIXED + STACK;
  let end = FIXED + (team.size + 1) * STACK;

  /** Reserves bytes at the end of what is used. */
  const place = (bytes: number, what: string): number => {
    const at = end;
    end += Math.ceil(bytes / 64) * 64;
    const missing = Math.ceil((end - memory.buffer.byteLength) / PAGE);
    if (missing > 0) {
      try {
        memory.grow(missing);
      } catch (cause) {
        const megabytes = (bytes / 1e6).toFixed(0);
        throw new WorkError(`wasm engine: out of memory: ${megabytes} MB for ${what}`, { cause });
      }
    }
    return at;
  };
  const copy = (values: Float32Array | Int32Array, what: string): number => {
    const at = place(values.byteLength, what);
    if (values instanceof Int32Array) new Int32Array(memory.buffer, at, values.length).set(values);
    else new Float32Array(memory.buffer, at, values.length).set(values);
    return at;
  };

  const configAt = place(core.configBytes(), "the configuration");
  core.setConfig(configAt, ...configValues(config));
  const model = place(core.modelBytes(configAt), "the model");
  core.initModel(model, configAt);
  const weights = place(core.weightsBytes(model), "weights");
  const call = place(core.callBytes(), "a call");
  const start = end;

  const setBatch = (parameters: Float32Array, batch: AtomBatch, meanOver: number): void => {
    end = start;
    const arrays = [
      copy(batch.sizes, "sizes"),
      copy(batch.positions, "positions"),
      copy(batch.features, "features"),
      batch.guess ? copy(batch.guess, "a guess") : 0,
    ];
    const atoms = batch.positions.length / 3;
    core.setBatch(
      call,
      model,
      copy(parameters, "parameters"),
      weights,
      batch.sizes.length,
      atoms,
      ...arrays,
      meanOver,
    );
    core.initPlan(call, place(core.planBytes(call), "the plan of a batch"));
  };
  const runStages = async (
    address: number,
    bytes: number,
    order: readonly number[],
    what: string,
  ): Promise<void> => {
    const workspaces = Array.from({ length: team.size }, () => place(bytes, what));
    const stages = order.map((stage) => ({ stage, tasks: core.stageTasks(address, stage) }));
    new Int32Array(memory.buffer, COUNTERS, 2 * stages.length).fill(0);
    await team.run({ call: address, stages, workspaces, counters: COUNTERS }).catch((cause: unknown) => {
      throw new WorkError(`wasm engine: ${(cause as Error).message}`, { cause });
    });
  };
  const run = (training: boolean): Promise<void> =>
    runStages(
      call,
      core.workspaceBytes(call, Number(training)),
      training ? [STAGES.pack, STAGES.train, STAGES.reduce] : [STAGES.pack, STAGES.forward],
      "activations of a group of molecules",
    );

  return kernelEngine(config, {
    name: `wasm (${variant})`,
    forward: async (parameters, batch, meanOver, output) => {
      setBatch(parameters, batch, meanOver);
      const at = place(output.byteLength, "the output");
      core.setOutput(call, at);
      await run(false);
      output.set(new Float32Array(memory.buffer, at, output.length));
    },
    squaredError: async (parameters, batch, meanOver, target, errors, gradient) => {
      setBatch(parameters, batch, meanOver);
      const wanted = (
        [target.target, target.positionWeight, target.featureWeight] satisfies Values<SquaredErrorTarget>
      ).map((values) => copy(values, "targets"));
      const position = place(errors.position.byteLength, "errors");
      const feature = place(errors.feature.byteLength, "errors");
      const lanes = core.stageTasks(call, STAGES.train);
      const partial = place(lanes * core.partialBytes(model), "gradients");
      const gradientAt = place(gradient.byteLength, "the gradient");
      core.setTarget(call, ...wanted, position, feature, partial, gradientAt);
      await run(true);
      errors.position.set(new Float64Array(memory.buffer, position, errors.position.length));
      errors.feature.set(new Float64Array(memory.buffer, feature, errors.feature.length));
      gradient.set(new Float32Array(memory.buffer, gradientAt, gradient.length));
    },
    gradientNorm: async (gradient) => {
      end = start;
      const update = place(core.updateBytes(), "an update");
      const gradientAt = copy(gradient, "the gradient");
      const none = [0, 0, 0, 0, 0, 0, 0, 0] as const;
      core.setUpdate(update, gradient.length, gradientAt, ...none, 0, 0);
      const chunks = core.stageTasks(update, STAGES.norm);
      const squares = place(8 * chunks, "a norm");
      core.setUpdate(update, gradient.length, gradientAt, ...none, squares, 0);
      await runStages(update, 0, [STAGES.norm], "a norm");
      return Math.sqrt(new Float64Array(memory.buffer, squares, chunks).reduce((sum, s) => sum + s, 0));
    },
    update: async (arrays, gradient, blocks, marks, coefficients) => {
      end = start;
      const update = place(core.updateBytes(), "an update");
      const { parameters, ema, firstMoment, secondMoment, largestSecondMoment } = arrays;
      const changed = [parameters, ema, firstMoment, secondMoment, largestSecondMoment];
      const gradientAt = copy(gradient, "the gradient");
      const places = changed.map((values) => (values.length === 0 ? 0 : copy(values, "parameters")));
      const blocksAt = copy(blocks, "matrices");
      const marksAt = place(marks.byteLength, "matrices");
      new Uint8Array(memory.buffer, marksAt, marks.length).set(marks);
      const coefficientsAt = place(coefficients.byteLength, "coefficients");
      new Float64Array(memory.buffer, coefficientsAt, coefficients.length).set(coefficients);
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
      );
      changed.forEach((values, k) => {
        values.set(new Float32Array(memory.buffer, places[k], values.length));
      });
    },
    dispose: team.dispose,
  });
}

type Values<T> = T[keyof T][];

/** A team of one that works on the caller's thread. */
function soloTeam(core: WasmExports): Team {
  return {
    size: 1,
    run: async ({ call, stages, workspaces }) => {
      for (const { stage, tasks } of stages) {
        for (let task = 0; task < tasks; task++) core.runTask(call, stage, task, workspaces[0]);
      }
    },
    dispose: () => undefined,
  };
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
const configValues = (c: EgnnConfig): number[] => [
  ...[c.inFeatures, c.outFeatures, c.hidden, c.layers, c.sublayers],
  ...[c.attention, c.tanh, c.aggregation === "mean", c.sinEmbedding, c.selfConditioning].map(Number),
  ...[c.coordsRange, c.normConstant, c.normalizationFactor],
];

function checkConfig(config: EgnnConfig): void {
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
