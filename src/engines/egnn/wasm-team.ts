/**
 * Workers that share one WebAssembly memory and the tasks of a call: worker_threads in Node, Web Workers elsewhere.
 * A call is one message to each; the stages in between are separated by barriers in the shared memory.
 */
import { inNode } from "../../platform/platform.ts";

/** Stages in the order of numbers of wasm.c. */
export const STAGES = { pack: 0, forward: 1, train: 2, reduce: 3, norm: 4, update: 5 } as const;

export interface TeamCall {
  /** Address of the EgnnCall or ParameterUpdate. */
  readonly call: number;
  /** Numbers of the stages to run and how many tasks each has. */
  readonly stages: readonly { readonly stage: number; readonly tasks: number }[];
  /** Address of each worker's memory. */
  readonly workspaces: readonly number[];
  /** Byte address of two zeroed 32-bit counters for each stage: tasks taken, workers arrived. */
  readonly counters: number;
}

export interface Team {
  readonly size: number;
  readonly run: (call: TeamCall) => Promise<void>;
  readonly dispose: () => void;
}

type Message =
  | {
      readonly kind: "set-up";
      readonly module: WebAssembly.Module;
      readonly memory: WebAssembly.Memory;
      readonly stack: number;
    }
  | { readonly kind: "run"; readonly call: TeamCall; readonly worker: number };
type Answer = { readonly error?: string };

/** One end of a channel to a worker. */
interface Port {
  readonly post: (message: Message) => void;
  readonly onAnswer: (listener: (answer: Answer) => void) => void;
  /** Whether the process waits for the worker. */
  readonly hold: (busy: boolean) => void;
  readonly terminate: () => void;
}

/**
 * The program of a worker. It is passed on as text, so it must not refer to anything outside itself.
 * @param listen registers what handles messages
 */
function workerProgram(
  listen: (handler: (message: Message) => void) => void,
  post: (answer: Answer) => void,
): void {
  let exports: Record<string, CallableFunction> | undefined;
  let memory: WebAssembly.Memory | undefined;
  const setUp = async (message: Message & { kind: "set-up" }): Promise<void> => {
    memory = message.memory;
    const instance = await WebAssembly.instantiate(message.module, { env: { memory } });
    (instance.exports.__stack_pointer as WebAssembly.Global).value = message.stack;
    exports = instance.exports as unknown as Record<string, CallableFunction>;
  };
  const run = ({ call, worker }: Message & { kind: "run" }): void => {
    const counters = new Int32Array(memory!.buffer, call.counters, 2 * call.stages.length);
    let failure: unknown;
    for (const [k, { stage, tasks }] of call.stages.entries()) {
      for (let task = Atomics.add(counters, 2 * k, 1); task < tasks; task = Atomics.add(counters, 2 * k, 1)) {
        try {
          if (failure === undefined) exports!.runTask(call.call, stage, task, call.workspaces[worker]);
        } catch (error) {
          failure = error;
        }
      }
      const workers = call.workspaces.length;
      if (Atomics.add(counters, 2 * k + 1, 1) + 1 === workers) Atomics.notify(counters, 2 * k + 1);
      for (let there = 0; there < workers; there = Atomics.load(counters, 2 * k + 1)) {
        if (there > 0) Atomics.wait(counters, 2 * k + 1, there);
      }
    }
    if (failure !== undefined) throw failure;
  };
  listen(async (message) => {
    try {
      if (message.kind === "set-up") await setUp(message);
      else run(message);
      post({});
    } catch (error) {
      post({ error: String(error) });
    }
  });
}

async function openPort(): Promise<Port> {
  const program = String(workerProgram);
  if (inNode) {
    const { Worker } = await import("node:worker_threads");
    const code = `const { parentPort } = require("node:worker_threads");
      (${program})((handler) => parentPort.on("message", handler), (answer) => parentPort.postMessage(answer));`;
    const worker = new Worker(code, { eval: true, execArgv: [] });
    worker.unref();
    return {
      post: (message) => worker.postMessage(message),
      onAnswer: (listener) => {
        worker.on("message", listener);
        worker.on("error", (error) => listener({ error: String(error) }));
      },
      hold: (busy) => (busy ? worker.ref() : worker.unref()),
      terminate: () => void worker.terminate(),
    };
  }
  const code = `(${program})((handler) => { onmessage = ({ data }) => handler(data); }, (answer) => postMessage(answer));`;
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const worker = new Worker(url);
  URL.revokeObjectURL(url);
  return {
    post: (message) => worker.postMessage(message),
    onAnswer: (listener) => {
      worker.onmessage = ({ data }) => listener(data as Answer);
      worker.onerror = ({ message }) => listener({ error: message });
    },
    hold: () => undefined,
    terminate: () => worker.terminate(),
  };
}

/**
 * Starts workers on a module and a shared memory.
 * @param stacks top of the stack of each worker
 */
export async function openTeam(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  stacks: readonly number[],
): Promise<Team> {
  const members = await Promise.all(
    stacks.map(async (stack) => {
      const port = await openPort();
      let settle: (answer: Answer) => void = () => undefined;
      port.onAnswer((answer) => settle(answer));
      const ask = async (message: Message): Promise<void> => {
        port.hold(true);
        const answer = await new Promise<Answer>((resolve) => {
          settle = resolve;
          port.post(message);
        });
        port.hold(false);
        if (answer.error !== undefined) throw new Error(answer.error);
      };
      await ask({ kind: "set-up", module, memory, stack });
      return { ask, port };
    }),
  );
  return {
    size: members.length,
    run: async (call) => {
      await Promise.all(members.map(({ ask }, worker) => ask({ kind: "run", call, worker })));
    },
    dispose: () => {
      for (const { port } of members) port.terminate();
    },
  };
}
