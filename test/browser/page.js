/** Runs in the page: one forward pass and one training step by the engine that the library chooses. */

import { wasmStatus } from "/dist/engines/egnn/wasm.js";
import { openEngine } from "/dist/engines/open-engine.js";
import { webgpuStatus } from "/dist/platform/prepare.js";

globalThis.compute = async ({ config, parameters, batch, target }, options) => {
  const webgpu = await webgpuStatus();
  if (options.device === "webgpu" && !webgpu.available) return webgpu.reason;
  const floats = (values) => Float32Array.from(values);
  const atoms = {
    sizes: Int32Array.from(batch.sizes),
    positions: floats(batch.positions),
    features: floats(batch.features),
  };
  const wanted = Object.fromEntries(Object.entries(target).map(([name, values]) => [name, floats(values)]));
  const values = floats(parameters);
  const gradient = new Float32Array(values.length);
  const engine = await openEngine({ denoiser: config }, options);
  const output = await engine.forward(values, atoms);
  await engine.squaredError(values, atoms, wanted, gradient);
  engine.dispose();
  return {
    name: engine.name,
    isolated: crossOriginIsolated,
    status: (await wasmStatus()).reason,
    results: [[...output], [...gradient]],
  };
};
