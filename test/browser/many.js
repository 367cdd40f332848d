/** Many molecules at a time, with an eye on the page's thread. */
import { dynamicsConfig, edmFromUrl, generate, openEngine } from "equimol/browser";

const STEPS = 8;

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Tasks of at least 50 ms while something goes on. */
async function watched(work) {
  const tasks = [];
  const observer = new PerformanceObserver((list) => {
    tasks.push(...list.getEntries().map(({ duration }) => duration));
  });
  observer.observe({ entryTypes: ["longtask"] });
  await pause(0); // what a debugger calls is not seen
  await work();
  await pause(200);
  observer.disconnect();
  return tasks;
}

const model = await edmFromUrl("./model");
const engine = await openEngine({ denoiser: dynamicsConfig(model.config) }, { device: "cpu" });

globalThis.watchedRun = async () => {
  let step = 0;
  const tasks = await watched(async () => {
    const began = performance.now();
    for await (const _ of generate(model, engine, { count: 64, seed: 0, steps: STEPS }));
    step = (performance.now() - began) / (STEPS + 1);
  });
  return { tasks, step };
};

globalThis.watchedBlock = (milliseconds) =>
  watched(async () => {
    const until = performance.now() + milliseconds;
    while (performance.now() < until);
  });
