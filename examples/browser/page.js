// Generates molecules in the page. A copy of a model folder (config.json, model.safetensors) lies beside it as `model`.
import {
  bondRuleOf,
  dynamicsConfig,
  edmFromUrl,
  formatXyz,
  generate,
  openEngine,
  stability,
} from "equimol/browser";

const text = document.querySelector("#molecules");
const progress = document.querySelector("#progress");
const say = (line) => text.append(`${line}\n`);

document.querySelector("#make").onclick = async () => {
  text.textContent = "";
  const model = await edmFromUrl("./model");
  const engine = await openEngine(
    { denoiser: dynamicsConfig(model.config) },
    { device: "cpu", onNotice: say },
  );
  const onProgress = (share) => {
    progress.value = share;
  };
  const began = performance.now();
  for await (const batch of generate(model, engine, { count: 8, seed: 0, onProgress })) {
    const stable = batch.filter(
      ({ molecule }) => stability(molecule, bondRuleOf(model.config)).stable,
    ).length;
    say(
      `${stable} of ${batch.length} are stable; ${engine.name}, ${((performance.now() - began) / 1000).toFixed(1)} s`,
    );
    for (const { molecule } of batch) say(formatXyz(molecule));
  }
  engine.dispose();
  document.body.dataset.done = "";
};
