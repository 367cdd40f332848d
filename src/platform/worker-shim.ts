/**
 * Gives jax-js the Web Worker it looks for when it is first imported, built on node:worker_threads, so that its
 * WebAssembly backend runs on several threads in Node. Import this module before "@jax-js/jax". The number of
 * threads is EQUIMOL_THREADS, or all cores.
 */
import type { Worker as NodeWorker } from "node:worker_threads";
import { inNode, nodeModule } from "./platform.ts";

type MessageHandler = ((event: { readonly data: unknown }) => void) | null;
type ErrorHandler = ((event: { readonly message: string }) => void) | null;

/** Runs in the thread: the few names of the Web Worker scope that a worker script uses. */
const PRELUDE = `
const { parentPort } = require("node:worker_threads");
globalThis.self = globalThis;
globalThis.postMessage = (message) => parentPort.postMessage(message);
parentPort.on("message", (data) => globalThis.onmessage?.({ data }));
`;

/** Messages that wait for their answer, in all workers; a timer keeps the process alive while there are any. */
let outstanding = 0;
let keepAlive: NodeJS.Timeout | undefined;

function expectAnswers(change: 1 | -1): void {
  outstanding += change;
  if (outstanding > 0) keepAlive ??= setInterval(() => {}, 0x7fffffff);
  else {
    clearInterval(keepAlive);
    keepAlive = undefined;
  }
}

/** The part of the Web Worker interface that jax-js uses: one answer to every message. */
class WebWorker {
  onmessage: MessageHandler = null;
  onerror: ErrorHandler = null;
  #thread: Promise<NodeWorker>;

  constructor(url: string) {
    const { Worker } = nodeModule("node:worker_threads");
    this.#thread = blobText(url).then((source) => {
      const thread = new Worker(PRELUDE + source, { eval: true });
      thread.on("message", (data) => {
        expectAnswers(-1);
        this.onmessage?.({ data });
      });
      thread.on("error", (error) => this.onerror?.({ message: String(error) }));
      thread.unref(); // After the listeners: a listener for messages takes a reference.
      return thread;
    });
  }

  postMessage(message: unknown): void {
    expectAnswers(1);
    void this.#thread.then((thread) => thread.postMessage(message));
  }

  terminate(): void {
    void this.#thread.then((thread) => thread.terminate());
  }
}

/** Source behind a blob: URL; read at once, for the creator may revoke it. */
async function blobText(url: string): Promise<string> {
  const blob = nodeModule("node:buffer").resolveObjectURL(url);
  if (blob === undefined) throw new Error(`worker script not found: ${url}`);
  return blob.text();
}

/** Threads to use: EQUIMOL_THREADS when it is a positive integer, all cores otherwise. */
export function threadCount(): number {
  if (!inNode) return globalThis.navigator.hardwareConcurrency;
  const wanted = Number(process.env.EQUIMOL_THREADS);
  return Number.isInteger(wanted) && wanted > 0 ? wanted : nodeModule("node:os").availableParallelism();
}

if (inNode) {
  if (!("Worker" in globalThis) && threadCount() > 1) {
    Object.assign(globalThis, { Worker: WebWorker });
  }
  if (!("navigator" in globalThis)) {
    Object.defineProperty(globalThis, "navigator", {
      value: { userAgent: `Node.js/${process.versions.node}`, hardwareConcurrency: threadCount() },
      configurable: true,
      writable: true,
    });
  }
}
