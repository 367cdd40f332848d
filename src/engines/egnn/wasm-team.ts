/**
 * Workers (wasm-worker.js) that share one WebAssembly memory and the tasks of a call: worker_threads in Node, Web
 * Workers elsewhere. A call is one message to each; the stages in between are separated by barriers in the shared memory.
 * Where memory cannot be shared, one worker has a memory of its own: a call takes along what it needs and brings back
 * what it made, and the page goes on meanwhile.
 */
import { inNode, nodeModule } from "../../platform/platform.ts";

/** Stages in the order of numbers of wasm.c. */
export const STAGES = { pack: 0, forward: 1, train: 2, reduce: 3, norm: 4, update: 5 } as const;

export type Span = readonly [from: number, to: number];

export interface TeamCall {
  /** Address of the EgnnCall or ParameterUpdate. */
  readonly call: number;
  /** Numbers of the stages to run and how many tasks each has. */
  readonly stages: readonly { readonly stage: number; readonly tasks: number }[];
  /** Address of each worker's memory. */
  readonly workspaces: readonly number[];
  /** What lies in memory before the tasks run and is read by them, and what they make: first address and end. */
  readonly given: readonly Span[];
  readonly results: Span;
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
      /** Absent: the worker makes one. */
      readonly memory?: WebAssembly.Memory;
      readonly stack: number;
    }
  | {
      readonly kind: "run";
      readonly call: TeamCall;
      readonly worker: number;
      /** For a worker with a memory of its own: its size, and what is given. */
      readonly copied?: { readonly size: number; readonly given: readonly ArrayBuffer[] };
    };
interface Answer {
  readonly error?: string;
  /** Of a worker with a memory of its own. */
  readonly results?: ArrayBuffer;
}

/** One end of a channel to a worker. */
interface Port {
  readonly post: (message: Message, moved: readonly ArrayBuffer[]) => void;
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
      post: (message, moved) => worker.postMessage(message, [...moved]),
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
    post: (message, moved) => worker.postMessage(message, [...moved]),
    onAnswer: (listener) => {
      worker.onmessage = ({ data }) => listener(data as Answer);
      worker.onerror = ({ message }) =>
        listener({
          error: message || "the worker cannot be loaded; may the page start workers (worker-src 'self')?",
        });
    },
    hold: () => undefined,
    terminate: () => worker.terminate(),
  };
}

/**
 * Starts workers on a module.
 * @param stacks top of the stack of each worker
 * @param shared whether they share the memory; else there is one worker
 */
export async function openTeam(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  stacks: readonly number[],
  shared: boolean,
): Promise<Team> {
  const members = await Promise.all(
    stacks.map(async (stack) => {
      const port = await openPort();
      let settle: (answer: Answer) => void = () => undefined;
      port.onAnswer((answer) => settle(answer));
      const ask = async (message: Message, moved: readonly ArrayBuffer[] = []): Promise<Answer> => {
        port.hold(true);
        const answer = await new Promise<Answer>((resolve) => {
          settle = resolve;
          port.post(message, moved);
        });
        port.hold(false);
        if (answer.error !== undefined) throw new Error(answer.error);
        return answer;
      };
      await ask({ kind: "set-up", module, stack, ...(shared && { memory }) });
      return { ask, port };
    }),
  );
  const runShared = async (call: TeamCall): Promise<void> => {
    await Promise.all(members.map(({ ask }, worker) => ask({ kind: "run", call, worker })));
  };
  const runApart = async (call: TeamCall): Promise<void> => {
    const given = call.given.map(([from, to]) => memory.buffer.slice(from, to) as ArrayBuffer);
    const copied = { size: memory.buffer.byteLength, given };
    const { results } = await members[0].ask({ kind: "run", call, worker: 0, copied }, given);
    new Uint8Array(memory.buffer).set(new Uint8Array(results as ArrayBuffer), call.results[0]);
  };
  return {
    size: members.length,
    run: shared ? runShared : runApart,
    dispose: () => {
      for (const { port } of members) port.terminate();
    },
  };
}
