/** The losses of force fields and property networks as tasks of the training loop. */
import { epochBatches } from "../../data/batches.ts";
import { type MoleculeSet, moleculeAt, setSize, sizesOf } from "../../data/molecule-set.ts";
import type { AtomwiseEngine } from "../../engines/atomwise-engine.ts";
import { permutation, stream } from "../../math/random.ts";
import type { OutputConfig } from "../../models/geometric/config.ts";
import { baseline, speciesBatch } from "../../models/geometric/model.ts";
import { pool } from "../../models/geometric/outputs.ts";
import type { TrainingParts } from "../held-out.ts";
import type { TrainingTask, Validation } from "../loop.ts";
import type { TrainingConfig } from "../schema.ts";

export interface GeometricTask extends TrainingParts {
  readonly elements: readonly number[];
  readonly output: OutputConfig;
  readonly engine: AtomwiseEngine;
  readonly initial: Float32Array;
  readonly training: TrainingConfig;
  /** Molecules of a validation. */
  readonly validated: number;
}

const common = ({
  train,
  training,
  initial,
}: GeometricTask): Pick<TrainingTask, "initialParameters" | "batches"> => {
  const sizes = sizesOf(train);
  const { batchSize, seed } = training;
  return { initialParameters: initial, batches: (epoch) => epochBatches(sizes, { batchSize, seed, epoch }) };
};

/** Molecules computed together in a validation. */
const TOGETHER = 64;

/** `width` numbers of each molecule of the validation, the same molecules every time. */
function measuring(
  { valid, validated, training }: GeometricTask,
  width: number,
  measure: (parameters: Float32Array, indices: Uint32Array) => Promise<ArrayLike<number>>,
): (parameters: Float32Array, validation: Validation) => Promise<Float64Array> {
  const count = setSize(valid);
  const chosen = permutation(count, stream({ seed: training.seed, purpose: "split" }))
    .slice(0, Math.min(validated, count))
    .sort();
  return (parameters, { gather, signal }) =>
    gather(chosen.length, width, async (first, end) => {
      const rows = new Float64Array(width * (end - first));
      for (let k = first; k < end; k += TOGETHER) {
        signal?.throwIfAborted();
        const some = chosen.subarray(k, Math.min(k + TOGETHER, end));
        rows.set(await measure(parameters, some), width * (k - first));
      }
      return rows;
    });
}

/** Σ of one of the columns of rows. */
const columnSum = (rows: Float64Array, width: number, column: number): number =>
  rows.reduce((sum, value, i) => (i % width === column ? sum + value : sum), 0);

/** ρ_E (E − Ê)² + ρ_F mean (F − F̂)², in units of the scale (Schütt, Unke, Gastegger 2021, section 4.2). */
export function forceFieldTask(
  task: GeometricTask,
  weights: { energy: number; forces: number },
): TrainingTask {
  const { engine, output, elements } = task;
  /** Differences Ê − E [M] and F̂ − F [A, 3] in units of the scale. */
  const differences = async (parameters: Float32Array, set: MoleculeSet, indices: Uint32Array) => {
    const molecules = Array.from(indices, (i) => moleculeAt(set, i));
    const batch = speciesBatch(elements, molecules);
    const { outputs, gradient } = await engine.positionGradient(parameters, batch);
    const energies = new Float64Array(molecules.length);
    const forces = new Float32Array(gradient.length);
    let start = 0;
    molecules.forEach(({ forces: wanted, properties }, m) => {
      const end = start + batch.sizes[m];
      const target = (properties?.energy as number) - baseline(output, batch.species.subarray(start, end));
      let sum = 0;
      for (let i = start; i < end; i++) sum += outputs[i];
      energies[m] = sum - target / output.scale;
      for (let k = 3 * start; k < 3 * end; k++)
        forces[k] = -gradient[k] - (wanted as Float64Array)[k - 3 * start] / output.scale;
      start = end;
    });
    return { batch, energies, forces };
  };
  /** |Ê − E|, Σ |F̂ − F| and the number of components of F, of each molecule. */
  const measured = measuring(task, 3, async (parameters, indices) => {
    const { batch, energies, forces } = await differences(parameters, task.valid, indices);
    let start = 0;
    return Array.from(batch.sizes, (n, m) => {
      const own = forces.subarray(3 * start, 3 * (start + n));
      start += n;
      return [Math.abs(energies[m]), own.reduce((sum, value) => sum + Math.abs(value), 0), 3 * n];
    }).flat();
  });
  return {
    ...common(task),
    lossAndGradient: async (parameters, { items: indices }, gradient) => {
      const { batch, energies, forces } = await differences(parameters, task.train, indices);
      const M = indices.length;
      const losses = new Float64Array(M);
      const coefficients = new Float32Array(batch.species.length);
      const direction = new Float32Array(forces.length);
      let start = 0;
      batch.sizes.forEach((n, m) => {
        const end = start + n;
        coefficients.fill((2 * weights.energy * energies[m]) / M, start, end);
        let squares = 0;
        for (let k = 3 * start; k < 3 * end; k++) {
          squares += forces[k] * forces[k];
          direction[k] = (-2 * weights.forces * forces[k]) / (3 * n * M); // F̂ = −∂E/∂r
        }
        losses[m] = weights.energy * energies[m] ** 2 + (weights.forces * squares) / (3 * n);
        start = end;
      });
      await engine.mixedGradient(parameters, batch, coefficients, direction, gradient);
      return losses;
    },
    validate: async (parameters, validation) => {
      const rows = await measured(parameters, validation);
      const [energies, forces, components] = [0, 1, 2].map((column) => columnSum(rows, 3, column));
      const energyMae = (output.scale * energies) / (rows.length / 3);
      const forceMae = (output.scale * forces) / components;
      return { loss: weights.forces > 0 ? forceMae : energyMae, energyMae, forceMae };
    },
  };
}

/** |y − ŷ| or (y − ŷ)², in units of the scale. */
export function propertyTask(task: GeometricTask, loss: "mae" | "mse"): TrainingTask {
  const { engine, output, elements } = task;
  /** Differences ŷ − y in units of the scale, and their derivative by the outputs of the atoms. */
  const differences = async (parameters: Float32Array, set: MoleculeSet, indices: Uint32Array) => {
    const molecules = Array.from(indices, (i) => moleculeAt(set, i));
    const batch = speciesBatch(elements, molecules);
    const outputs = await engine.outputs(parameters, batch);
    const channels = outputs.length / batch.species.length;
    const slopes = new Float64Array(outputs.length);
    let start = 0;
    const values = Float64Array.from(molecules, (molecule, m) => {
      const end = start + batch.sizes[m];
      const own = outputs.subarray(channels * start, channels * end);
      const { value, derivative } = pool(output.pooling, molecule, own);
      slopes.set(derivative, channels * start);
      const target = set.properties[output.property][indices[m]];
      const known = baseline(output, batch.species.subarray(start, end));
      start = end;
      return value - (target - known) / output.scale;
    });
    return { batch, values, slopes };
  };
  const measured = measuring(task, 1, async (parameters, indices) =>
    (await differences(parameters, task.valid, indices)).values.map(Math.abs),
  );
  return {
    ...common(task),
    lossAndGradient: async (parameters, { items: indices }, gradient) => {
      const { batch, values, slopes } = await differences(parameters, task.train, indices);
      const coefficients = new Float32Array(slopes.length);
      const channels = slopes.length / batch.species.length;
      let start = 0;
      batch.sizes.forEach((atoms, m) => {
        const n = channels * atoms;
        const slope = (loss === "mae" ? Math.sign(values[m]) : 2 * values[m]) / indices.length;
        for (let i = start; i < start + n; i++) coefficients[i] = slope * slopes[i];
        start += n;
      });
      await engine.parameterGradient(parameters, batch, coefficients, gradient);
      return values.map((value) => (loss === "mae" ? Math.abs(value) : value * value));
    },
    validate: async (parameters, validation) => {
      const errors = await measured(parameters, validation);
      const mae = (output.scale * columnSum(errors, 1, 0)) / errors.length;
      return { loss: mae, mae };
    },
  };
}
