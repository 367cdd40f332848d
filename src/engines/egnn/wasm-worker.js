/**
 * A worker of the WebAssembly engine (wasm-team.ts): runs the tasks of a call that it finds first, stage after stage; the
 * stages are separated by barriers in the shared memory. With a memory of its own it runs them all, on copies of what is
 * given. JavaScript, so that Node, browsers and bundlers load it as it is.
 */
const threads =
  typeof process === "object" && process.versions?.node !== undefined
    ? process.getBuiltinModule("node:worker_threads")
    : undefined;
const port = threads?.parentPort ?? globalThis;

let exports;
let memory;

async function setUp(message) {
  memory = message.memory ?? new WebAssembly.Memory({ initial: 64, maximum: 65536 });
  const instance = await WebAssembly.instantiate(message.module, { env: { memory } });
  instance.exports.__stack_pointer.value = message.stack;
  exports = instance.exports;
}

function run({ call, worker }) {
  const counters = new Int32Array(memory.buffer, call.counters, 2 * call.stages.length);
  let failure;
  for (const [k, { stage, tasks }] of call.stages.entries()) {
    for (let task = Atomics.add(counters, 2 * k, 1); task < tasks; task = Atomics.add(counters, 2 * k, 1)) {
      try {
        if (failure === undefined) exports.runTask(call.call, stage, task, call.workspaces[worker]);
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
}

/** Runs a call on copies: what it made. */
function runApart(message) {
  const { call, copied } = message;
  const missing = Math.ceil((copied.size - memory.buffer.byteLength) / 65536);
  if (missing > 0) memory.grow(missing);
  const bytes = new Uint8Array(memory.buffer);
  for (const [k, [at]] of call.given.entries()) bytes.set(new Uint8Array(copied.given[k]), at);
  run(message);
  return memory.buffer.slice(...call.results);
}

async function answer(message) {
  try {
    let results;
    if (message.kind === "set-up") await setUp(message);
    else if (message.copied !== undefined) results = runApart(message);
    else run(message);
    port.postMessage({ results }, results === undefined ? [] : [results]);
  } catch (error) {
    port.postMessage({ error: String(error) });
  }
}

if (threads === undefined) port.onmessage = ({ data }) => answer(data);
else port.on("message", answer);
