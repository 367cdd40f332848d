import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { InputError } from "../../src/errors.ts";
import type { Tensor } from "../../src/formats/safetensors.ts";
import { type EdmConfig, edmConfigSchema } from "../../src/models/edm/config.ts";
import { findModel, loadEdm, saveEdm } from "../../src/models/edm/folder.ts";
import { modelLayout } from "../../src/models/edm/model.ts";
import { initialParameters } from "../../src/nets/layers/parameters.ts";
import { readSafetensors, writeSafetensors } from "../../src/platform/node/safetensors.ts";

const root = mkdtempSync(join(tmpdir(), "equimol-model-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const config: EdmConfig = edmConfigSchema.parse({
  kind: "edm",
  format: 1,
  network: { hidden: 8, layers: 1 },
  schedule: { kind: "polynomial", steps: 100 },
  features: {},
  elements: [1, 8],
  sizes: { 3: 2 },
});
const parameters = initialParameters(modelLayout(config), 1);
const good = join(root, "good");
await saveEdm(good, config, parameters);

let copies = 0;
/** A copy of the good folder to spoil. */
function copy(): string {
  const folder = join(root, `copy-${copies++}`);
  cpSync(good, folder, { recursive: true });
  return folder;
}
/** A copy whose tensors were changed. */
async function withTensors(change: (tensors: Map<string, Tensor>) => void): Promise<string> {
  const folder = copy();
  const file = join(folder, "model.safetensors");
  const tensors = new Map((await readSafetensors(file)).tensors);
  change(tensors);
  await writeSafetensors(file, tensors);
  return folder;
}

describe("a model folder", () => {
  test("comes back as it was saved, bit for bit", async () => {
    const model = await loadEdm(good);
    expect(model.config).toEqual(config);
    expect(model.parameters).toEqual(parameters);
  });

  test("is found by its path, by its run, or not at all", () => {
    cpSync(good, join(root, "run/checkpoints/last"), { recursive: true });
    expect(findModel(good)).toBe(good);
    expect(findModel(join(root, "run"))).toBe(join(root, "run/checkpoints/last"));
    expect(() => findModel("no-such-model")).toThrow('model "no-such-model" not found');
    expect(() => findModel("rmd17-ethanl-pain")).toThrow('(did you mean "rmd17-ethanol-painn"?)');
    expect(() => findModel("models/qm9-fats")).toThrow(/did you mean "(models\/)?qm9-fast"\?/);
  });

  test("that is truncated at any byte is refused, naming the file", async () => {
    const bytes = readFileSync(join(good, "model.safetensors"));
    for (const length of [0, 7, 8, 100, bytes.length - 1]) {
      const folder = copy();
      writeFileSync(join(folder, "model.safetensors"), bytes.subarray(0, length));
      await expect(loadEdm(folder)).rejects.toThrow(InputError);
      await expect(loadEdm(folder)).rejects.toThrow("model.safetensors: ");
    }
  });

  test("with a wrong shape, a missing, a superfluous or an infinite tensor is refused, naming the tensor", async () => {
    const name = "embedding.weight";
    await expect(
      loadEdm(
        await withTensors((tensors) => {
          const { data } = tensors.get(name) as Tensor;
          tensors.set(name, { dtype: "F32", shape: [data.length], data } as Tensor);
        }),
      ),
    ).rejects.toThrow('tensor "embedding.weight" is F32 [32], expected F32 [8, 4]');
    await expect(loadEdm(await withTensors((tensors) => void tensors.delete(name)))).rejects.toThrow(
      'tensor "embedding.weight" is missing',
    );
    await expect(
      loadEdm(
        await withTensors(
          (tensors) => void tensors.set("extra", { dtype: "F32", shape: [1], data: Float32Array.of(1) }),
        ),
      ),
    ).rejects.toThrow('tensor "extra" has no place');
    await expect(
      loadEdm(
        await withTensors((tensors) => {
          const tensor = tensors.get(name) as Tensor;
          const data = (tensor.data as Float32Array).slice();
          data[3] = Number.POSITIVE_INFINITY;
          tensors.set(name, { ...tensor, data } as Tensor);
        }),
      ),
    ).rejects.toThrow('tensor "embedding.weight" has values that are not finite');
  });

  test("with a header whose tensors overlap or reach beyond the file is refused", async () => {
    for (const offsets of [
      [0, 4],
      [0, 1e12],
    ]) {
      const folder = copy();
      const header = JSON.stringify({
        a: { dtype: "F32", shape: [1], data_offsets: [0, 4] },
        b: { dtype: "F32", shape: [(offsets[1] - offsets[0]) / 4], data_offsets: offsets },
      });
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(header.length));
      writeFileSync(
        join(folder, "model.safetensors"),
        Buffer.concat([length, Buffer.from(header), Buffer.alloc(4)]),
      );
      await expect(loadEdm(folder)).rejects.toThrow(InputError);
    }
  });

  test("with a damaged or strange config.json is refused, naming the key", async () => {
    const broken = copy();
    writeFileSync(join(broken, "config.json"), "{");
    await expect(loadEdm(broken)).rejects.toThrow("config.json: cannot be read");
    const strange = copy();
    writeFileSync(join(strange, "config.json"), JSON.stringify({ ...config, elements: [] }));
    await expect(loadEdm(strange)).rejects.toThrow("config.json: elements: ");
  });

  test("holding a pickle is refused: only safetensors is read", async () => {
    const folder = copy();
    writeFileSync(join(folder, "model.safetensors"), Buffer.from("80028a0a6cfc9c46f920", "hex"));
    await expect(loadEdm(folder)).rejects.toThrow(InputError);
  });
});
