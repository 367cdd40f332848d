import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Molecule } from "../../src/chem/molecule.ts";
import { InputError } from "../../src/errors.ts";
import { formatExtxyz } from "../../src/formats/extxyz.ts";
import { parseMolecules } from "../../src/formats/parse-molecules.ts";
import { findModel } from "../../src/models/edm/folder.ts";
import { loadGeometric } from "../../src/models/geometric/folder.ts";
import { ARGON as LENNARD_JONES, lennardJones } from "../../src/physics/reference-potentials.ts";
import { readMolecules } from "../../src/platform/node/molecules.ts";
import { simulateToFolder } from "../../src/workflows/node/simulate-to-folder.ts";
import { simulate } from "../../src/workflows/simulate.ts";
import { ETHANOL, molecule } from "../chem/molecules.ts";
import { collect } from "../formats/molecules.ts";
import { isWhole, recorder, stopping } from "./events.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "equimol-simulate-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

const ARGON = molecule("Ar 3.3 0 0\nAr 1.02 3.1385 0\nAr -2.67 1.94 0\nAr -2.67 -1.94 0\nAr 1.02 -3.1385 0");
const argon = { potential: "lennard-jones", start: [ARGON], timestep: 5, temperature: 20 } as const;

describe("simulation as a workflow", () => {
  test("of molecules reports what its files hold, and how far it is", async () => {
    const { onEvent, texts, progress } = recorder();
    const report = await simulateToFolder({ ...argon, out: at("whole"), steps: 400, replicas: 2, onEvent });
    expect(report).toMatchObject({
      ...{ method: "nvt", engine: "closed form", atoms: 5, replicas: 2, steps: 400, time: 2 },
      ...{ finished: true, interrupted: false, units: "kcal/mol" },
    });
    expect(texts("notice").join()).toMatch(/^2 × 5 atoms, lennard-jones, closed form; nvt, 20 K/);
    expect(isWhole(progress(), "simulating")).toBe(true);
    const frames = await collect(readMolecules(report.trajectory));
    expect(frames.length).toBe(2 * 21);
    expect((await collect(readMolecules(report.final)))[1].positions).toEqual(frames.at(-1)?.positions);
    expect(existsSync(report.report)).toBe(true);
  });

  test("saves when its signal is aborted, and goes on bit for bit", async () => {
    const { reason: _, ...options } = stopping(({ done }) => done >= 100);
    const words = { ...argon, out: at("parts"), replicas: 2 };
    const part = await simulateToFolder({ ...words, steps: 400, ...options });
    expect(part).toMatchObject({ finished: false, interrupted: true, steps: 100 });
    const rest = await simulateToFolder({ out: at("parts"), resume: true });
    expect(rest).toMatchObject({ finished: true, interrupted: false, steps: 400 });
    for (const file of ["trajectory.extxyz", "observables.jsonl", "final.extxyz"])
      expect(readFileSync(at(`parts/${file}`), "utf8")).toBe(readFileSync(at(`whole/${file}`), "utf8"));
  });

  test("in memory is that of a folder, to the last bit", async () => {
    const seen: unknown[] = [];
    const words = { ...argon, steps: 400, replicas: 2 };
    const { frames, final, lines, ...made } = await simulate({
      ...words,
      onFrame: (frame) => seen.push(frame),
    });
    expect(frames.map(formatExtxyz).join("")).toBe(readFileSync(at("whole/trajectory.extxyz"), "utf8"));
    expect(final.map(formatExtxyz).join("")).toBe(readFileSync(at("whole/final.extxyz"), "utf8"));
    expect(lines.map((line) => `${JSON.stringify(line)}\n`).join("")).toBe(
      readFileSync(at("whole/observables.jsonl"), "utf8"),
    );
    expect(seen).toEqual(frames);
    const { seconds: _, stepsPerSecond: __, ...figures } = made;
    expect(await simulateToFolder({ ...words, out: at("again") })).toMatchObject(figures);
  });

  test("moves isotopes and masses of the start: their periods are as the roots of the masses", async () => {
    const one = molecule("H 0 0 0");
    const masses = (values: number[]): Molecule => ({
      ...one,
      atomColumns: { masses: { type: "real", width: 1, values } },
    });
    const run = async (start: Molecule) => {
      const { onEvent, texts } = recorder();
      const report = await simulate({
        ...{
          start: [start],
          potential: "harmonic",
          method: "nve",
          steps: 1000,
          timestep: 0.05,
          every: 1,
          onEvent,
        },
      });
      // half a period passes between two turns of the coordinate
      const x = report.frames.map(({ positions }) => positions[0]);
      const crossing = x.findIndex((value, k) => k > 1 && value * x[k - 1] <= 0);
      return { ...report, said: texts("notice"), half: crossing };
    };
    const [light, heavy, hydrogen4] = [
      await run(one),
      await run({ ...one, isotopes: Uint16Array.of(2) }),
      await run(masses([4.032])),
    ];
    expect(heavy.half / light.half).toBeCloseTo(Math.sqrt(2.0141 / 1.008), 1);
    expect(hydrogen4.half / light.half).toBeCloseTo(2, 1);
    expect(heavy.said[0]).toBe("masses are those of the isotopes: 1 2H");
    expect(hydrogen4.said[0]).toBe("masses are those of the start, not atomic weights");
    expect(light.said).toHaveLength(1);
    const [frame] = await collect(parseMolecules(heavy.frames.map(formatExtxyz)[5], { format: "extxyz" }));
    expect(frame.isotopes).toEqual(Uint16Array.of(2));
    expect(frame.atomColumns?.masses.values).toEqual([2.0141]);
    await expect(run(masses([0]))).rejects.toThrow(/^atom 1 has the mass 0/);
    await expect(
      simulate({
        ...argon,
        start: [ARGON, { ...ARGON, isotopes: Uint16Array.of(36, 0, 0, 0, 0) }],
        replicas: 2,
      }),
    ).rejects.toThrow(/^molecule 2 has other isotopes or masses than the first/);
  });

  test("carries charges and radicals into its frames, and says that the potential does not see them", async () => {
    const start: Molecule = {
      ...ARGON,
      formalCharges: Int8Array.of(1, 0, 0, 0, 0),
      radicals: Uint8Array.of(2, 0, 0, 0, 0),
      properties: { charge: 1 },
    };
    const { onEvent, texts } = recorder();
    const { final, frames } = await simulate({ ...argon, start: [start], steps: 20, onEvent });
    for (const { formalCharges, radicals, properties } of [frames[0], final[0]])
      expect({ formalCharges, radicals, charge: properties?.charge }).toEqual({
        formalCharges: start.formalCharges,
        radicals: start.radicals,
        charge: 1,
      });
    expect(texts("notice").slice(0, 2)).toEqual([
      "the potential does not see a charge of +1; the frames have it",
      "the potential does not see radicals; the frames have it",
    ]);
  });

  test("leaves a single atom at rest at constant energy", async () => {
    const { onEvent, texts } = recorder();
    const one = molecule("Ar 1 2 3");
    const report = await simulate({ ...argon, start: [one], method: "nve", steps: 100, onEvent });
    expect(report.final[0].positions).toEqual(one.positions);
    expect(report).toMatchObject({ temperature: { mean: 0 }, drift: { perAtomIn100ps: 0 } });
    expect(texts("notice")[0]).toMatch(/^one atom that nothing acts on stays at rest/);
    for (const pair of [molecule("Ar 0 0 0\nAr 3.8 0 0"), molecule("Ar 0 0 0\nAr 3.8 0 0\nAr 7.6 0 0")]) {
      const { final } = await simulate({ ...argon, start: [pair], method: "nve", steps: 100 });
      expect(final[0].positions.every(Number.isFinite)).toBe(true);
    }
  });

  test("by a potential of one's own is that by its name; it is not disposed of", async () => {
    let disposals = 0;
    const own = { ...lennardJones(LENNARD_JONES), dispose: () => disposals++ };
    const words = { start: [ARGON], timestep: 5, temperature: 20, steps: 100 };
    const [mine, named] = [
      await simulate({ ...words, potential: own }),
      await simulate({ ...words, potential: "lennard-jones" }),
    ];
    expect(mine.frames).toEqual(named.frames);
    expect(disposals).toBe(0);
  });

  test("by a loaded model in memory; one without forces is refused", async () => {
    const model = await loadGeometric(findModel("rmd17-ethanol-painn"));
    const { frames, method } = await simulate({ model, start: [ETHANOL], method: "lbfgs", steps: 20 });
    expect(method).toBe("lbfgs");
    expect(Number(frames.at(-1)?.properties?.energy)).toBeLessThan(Number(frames[0].properties?.energy));
    const property = await loadGeometric(findModel("qm9-alpha"));
    await expect(simulate({ model: property, start: [ETHANOL] })).rejects.toThrow(/it has no forces/);
  });

  test("in memory names what is wrong as its caller writes it", async () => {
    const named = (option: string): string => `<${option}>`;
    const wrong: [Parameters<typeof simulate>[0], RegExp][] = [
      [{ ...argon, epsilon: 0 }, /^<epsilon>: /],
      [{ ...argon, every: 0.5 }, /^<every>: /],
      [{ ...argon, start: undefined }, /^<start> is missing/],
      [{ start: [ARGON] }, /Give <model>, or <potential> lennard-jones or harmonic$/],
      [{ ...argon, potential: lennardJones(LENNARD_JONES), sigma: 3 }, /^<sigma> belongs to <potential>/],
      [{ ...argon, potential: "harmonic", timestep: 100 }, /exploded before .* A smaller <timestep>/],
    ];
    for (const [options, message] of wrong)
      await expect(simulate({ named, steps: 1000, ...options })).rejects.toThrow(message);
  });

  test("hears a signal that comes from elsewhere", async () => {
    const stop = new AbortController();
    const report = await simulateToFolder({
      ...{ ...argon, out: at("long"), time: 1e6 },
      signal: stop.signal,
      onEvent: (event) => {
        if (event.kind === "progress" && event.done > 0) setTimeout(() => stop.abort(), 20);
      },
    });
    expect(report).toMatchObject({ finished: false, interrupted: true });
    expect(report.steps).toBeGreaterThan(0);
  });

  test("optimises, and warns where no minimum was reached", async () => {
    const { onEvent, texts } = recorder();
    const short = await simulateToFolder({ ...argon, out: at("short"), method: "fire", steps: 2, onEvent });
    expect(short).toMatchObject({ finished: false, converged: [false] });
    expect(texts("warning")).toEqual(["1 of 1 did not reach forceTolerance 0.1 in 2 steps"]);
    const best = await simulateToFolder({ ...argon, out: at("best"), method: "lbfgs", units: "eV" });
    expect(best).toMatchObject({ finished: true, converged: [true], units: "eV" });
    const [last] = await collect(readMolecules(best.final));
    expect("energies" in best && best.energies[0]).toBe(last.properties?.energy);
  });

  test("names what is wrong before it makes a folder, options as their caller writes them", async () => {
    const named = (option: string): string => `<${option}>`;
    const wrong: [Partial<Parameters<typeof simulateToFolder>[0]>, RegExp][] = [
      [{ timestep: -1 }, /^<(timestep|time)>/],
      [{ epsilon: 0 }, /^<epsilon>: /],
      [{ every: 0.5 }, /^<every>: /],
      [{ steps: 1, time: 1 }, /^<steps> and <time> both say how long/],
      [{ model: "x" }, /^<model> and <potential> both say/],
      [{ potential: undefined }, /Give <model>, or <potential> lennard-jones or harmonic$/],
      [{ start: [] }, /there is no molecule to start from/],
      [{ resume: true, out: at("whole"), friction: 3 }, /was started with <friction> 1, not 3/],
      [{ resume: true, out: folder }, /leave out <resume> to start one$/],
      [{ out: at("whole") }, /use <resume> to go on with it, or another <out>$/],
      [{ resume: true, out: at("whole"), potential: undefined }, /ask for more with <steps> or <time>$/],
    ];
    for (const [options, message] of wrong) {
      const made = simulateToFolder({ ...argon, out: at("never"), named, ...options });
      await expect(made).rejects.toThrow(InputError);
      await expect(made).rejects.toThrow(message);
    }
    expect(existsSync(at("never"))).toBe(false);
  });
});
