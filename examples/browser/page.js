// Generates molecules in the page. A copy of a model folder (config.json, model.safetensors) lies beside it as `model`.
import {
  bondRuleOf,
  dynamicsConfig,
  edmFromFiles,
  edmFromUrl,
  formatXyz,
  generate,
  openEngine,
  stability,
} from "equimol/browser";

const [make, files, progress, text] = ["#make", "#files", "#progress", "#molecules"].map((id) =>
  document.querySelector(id),
);
const say = (line) => text.append(`${line}\n`);
const onProgress = (share) => {
  progress.value = share;
};

async function molecules() {
  const model = files.files.length > 0 ? await edmFromFiles(files.files) : await edmFromUrl("./model");
  const engine = await openEngine(
    { denoiser: dynamicsConfig(model.config) },
    { device: "cpu", onNotice: say },
  );
  const began = performance.now();
  for await (const batch of generate(model, engine, { count: 8, seed: 0, onProgress })) {
    const rule = bondRuleOf(model.config);
    const stable = batch.filter(({ molecule }) => stability(molecule, rule).stable).length;
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    say(`${stable} of ${batch.length} are stable; ${engine.name}, ${seconds} s`);
    for (const { molecule } of batch) say(formatXyz(molecule));
  }
  engine.dispose();
}

make.onclick = async () => {
  text.textContent = "";
  make.disabled = true;
  await molecules().catch((error) => say(error.message));
  make.disabled = false;
  document.body.dataset.done = "";
};
