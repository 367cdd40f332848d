/**
 * Workers (wasm-worker.js) that share one WebAssembly memory and the tasks of a call: worker_threads in Node, Web
 * Workers elsewhere.
 * A call is one message to each; the stages in between are separated by barriers in the shared memory.
 */
import { inNode, nodeModule } from "../../platform/platform.ts";

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

/** Compiled code lies in dist, sources in src: the worker is the same file for both. */
async function openPort(): Promise<Port> {
  if (inNode) {
    const { Worker } = nodeModule("node:worker_threads");
    const file = new URL("../../../src/engines/egnn/wasm-worker.js", import.meta.url);
    const worker = new Worker(file, { execArgv: [] });
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
  const worker = new Worker(new URL("../../../src/engines/egnn/wasm-worker.js", import.meta.url), {
    type: "module",
  });
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
