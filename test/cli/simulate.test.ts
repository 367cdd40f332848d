import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Molecule } from "../../src/chem/molecule.ts";
import { saveGeometric } from "../../src/models/geometric/folder.ts";
import { geometricLayout } from "../../src/nets/geometric.ts";
import { initialParameters } from "../../src/nets/layers/parameters.ts";
import { readMolecules } from "../../src/platform/node/molecules.ts";
import { compile, equimol } from "./command-line.ts";

let folder = "";
const at = (name: string): string => join(folder, name);
const bytes = (name: string): string => readFileSync(at(name), "latin1");
const frames = async (name: string): Promise<Molecule[]> => {
  const all: Molecule[] = [];
  for await (const frame of readMolecules(at(name))) all.push(frame);
  return all;
};

const ARGON = `7\n\nAr 3.3 0 0\nAr 1.02 3.1385 0\nAr -2.67 1.94 0\nAr -2.67 -1.94 0\nAr 1.02 -3.1385 0\nAr 0 0 2\nAr 0 0 -2\n`;
const WATER = "3\n\nO 0 0 0.12\nH 0 0.76 -0.48\nH 0 -0.76 -0.48\n";

beforeAll(async () => {
  compile();
  folder = mkdtempSync(join(tmpdir(), "equimol-simulate-"));
  writeFileSync(at("argon.xyz"), ARGON);
  writeFileSync(at("water.xyz"), WATER);
  const network = {
    kind: "painn",
    hidden: 8,
    layers: 1,
    radial: { kind: "bessel", count: 6, cutoff: 4 },
  } as const;
  await saveGeometric(at("model"), {
    config: {
      kind: "forcefield",
      format: 1,
      network,
      elements: [1, 8],
      output: {
        property: "energy",
        unit: "kcal/mol",
        pooling: "sum",
        scale: 1,
        references: [-10, -20],
        offset: 0,
      },
      provenance: {},
    },
    parameters: initialParameters(geometricLayout({ ...network, types: 2 }), 1),
  });
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const argon = ["simulate", "--potential", "lennard-jones", "--timestep", "5", "--temperature", "20"];

describe("equimol simulate", () => {
  test("goes on bit for bit where it was stopped", async () => {
    const replicas = ["--replicas", "2", "--every", "10"];
    const whole = await equimol([
      ...argon,
      at("argon.xyz"),
      "--out",
      at("whole"),
      ...replicas,
      "--steps",
      "300",
    ]);
    expect(whole.code).toBe(0);
    const part = await equimol([
      ...argon,
      at("argon.xyz"),
      "--out",
      at("parts"),
      ...replicas,
      "--steps",
      "137",
    ]);
    expect(part.code).toBe(0);
    writeFileSync(at("parts/trajectory.extxyz"), "what was written after the checkpoint\n", { flag: "a" });
    const rest = await equimol(["simulate", "--out", at("parts"), "--resume", "--steps", "300", "--json"]);
    expect(rest.code).toBe(0);
    expect(JSON.parse(rest.stdout)).toMatchObject({ steps: 300, finished: true, replicas: 2 });
    for (const file of ["trajectory.extxyz", "observables.jsonl", "final.extxyz"])
      expect(bytes(`parts/${file}`)).toBe(bytes(`whole/${file}`));
  });

  test("writes energies, temperatures, units and a page", async () => {
    const trajectory = await frames("whole/trajectory.extxyz");
    expect(trajectory.length).toBe(62);
    expect(trajectory[2].properties).toMatchObject({
      step: 10,
      time: 0.05,
      replica: 0,
      energy_unit: "kcal/mol",
    });
    expect(Number(trajectory[2].properties?.temperature)).toBeGreaterThan(0);
    expect(trajectory[2].forces?.length).toBe(21);
    const page = bytes("whole/report.html");
    expect(page).toContain("Radial distribution");
    expect(page).not.toMatch(/NaN|Infinity|https?:\/\/(?!www\.w3)/);
  });

  test("runs a trained force field and optimises with it", async () => {
    const nve = await equimol([
      "simulate",
      "--model",
      at("model"),
      at("water.xyz"),
      "--out",
      at("nve"),
      "--method",
      "nve",
      "--time",
      "0.05",
      "--json",
    ]);
    expect(nve.stderr).not.toContain("error");
    expect(nve.code).toBe(0);
    expect(JSON.parse(nve.stdout)).toMatchObject({
      method: "nve",
      steps: 100,
      time: 0.05,
      units: "kcal/mol",
    });
    const best = await equimol([
      "simulate",
      "--model",
      at("model"),
      at("water.xyz"),
      "--out",
      at("best"),
      "--method",
      "fire",
      "--steps",
      "5",
      "--units",
      "eV",
      "--json",
    ]);
    expect(best.code).toBe(0);
    const { energies, steps } = JSON.parse(best.stdout);
    expect(steps).toBeLessThanOrEqual(5);
    const [start] = await frames("best/trajectory.extxyz");
    expect(energies[0]).toBeLessThanOrEqual(Number(start.properties?.energy));
    expect(start.properties?.energy_unit).toBe("eV");
  });

  test("an exploding trajectory ends with its last sane frame, and no file holds what is not finite", async () => {
    // An oscillator diverges when ω Δt > 2; here it is 3.2.
    const ended = await equimol([
      "simulate",
      "--potential",
      "harmonic",
      at("argon.xyz"),
      "--out",
      at("boom"),
      "--timestep",
      "100",
      "--every",
      "4",
    ]);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(/the trajectory exploded before step \d+ .*last sane frame/);
    const trajectory = await frames("boom/trajectory.extxyz");
    expect(trajectory.length).toBeGreaterThan(0);
    for (const { positions } of trajectory) expect(positions.every(Number.isFinite)).toBe(true);
    expect(bytes("boom/trajectory.extxyz") + bytes("boom/observables.jsonl")).not.toMatch(/nan|null|inf/i);
  });

  const model = (): string[] => ["simulate", "--model", at("model"), "--out", at("never")];
  test.each<[string, () => string[], RegExp]>([
    ["no forces", () => ["simulate", at("argon.xyz"), "--out", at("never")], /where do forces come from/],
    ["no start", () => [...argon, "--out", at("never")], /file with the molecule to start from is missing/],
    [
      "elements the model does not know",
      () => [...model(), at("argon.xyz")],
      /element "Ar" is not one that the model knows \(H O\)/,
    ],
    [
      "overlapping atoms",
      () => {
        writeFileSync(at("overlap.xyz"), WATER.replace("0.76", "0.01").replace("-0.48", "0.2"));
        return [...model(), at("overlap.xyz")];
      },
      /overlap\.xyz: atom 1 \(O\) and atom 2 \(H\) are 0\.\d+ Å apart/,
    ],
    [
      "an atom beyond the cutoff of everything",
      () => {
        writeFileSync(at("lonely.xyz"), WATER.replace("0.76", "9.76"));
        return [...model(), at("lonely.xyz")];
      },
      /lonely\.xyz: atom 2 \(H\) has no other atom within the 4 Å/,
    ],
    [
      "a method that is not",
      () => [...argon, at("argon.xyz"), "--out", at("never"), "--method", "npt"],
      /expected one of nvt, nve/,
    ],
    [
      "a folder in use",
      () => [...argon, at("argon.xyz"), "--out", at("whole")],
      /holds a simulation already/,
    ],
    [
      "nothing to resume",
      () => ["simulate", "--out", at("model"), "--resume"],
      /holds no simulation to go on with/,
    ],
    [
      "a setting changed on the way",
      () => ["simulate", "--out", at("whole"), "--resume", "--steps", "400", "--timestep", "1"],
      /was started with --timestep 5, not 1/,
    ],
    [
      "a checkpoint of another run",
      () => {
        writeFileSync(at("parts/state.safetensors"), readFileSync(at("nve/state.safetensors")));
        return ["simulate", "--out", at("parts"), "--resume", "--steps", "400"];
      },
      /state\.safetensors: does not match: "positions" is \[1, 3, 3\], but the run has 2 replicas of 7 atoms/,
    ],
    [
      "replicas of other molecules",
      () => {
        writeFileSync(at("two.xyz"), WATER + ARGON);
        return [...argon, at("two.xyz"), "--out", at("never"), "--replicas", "2"];
      },
      /molecule 2 has other elements than the first/,
    ],
  ])("%s is bad input, in one line", async (_, words, message) => {
    const { code, stdout, stderr } = await equimol(words());
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n").length).toBe(1);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });
});
