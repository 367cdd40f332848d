/**
 * What the pages take for given, a data set or a file of the reader's own: made small by the package itself. They stand in
 * for the real ones, so commands on them show that the words are right, and figures mean nothing.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O";
/** Butanol's kind and aspirin: several conformers each. */
const DRUGS = ["CCCCO", "CC(N)C(=O)OC", "c1ccccc1CCN", ASPIRIN];

/** A frame of extended XYZ. */
const FRAME = /^\d+\n.*\n(?:[A-Z].*\n)+/gm;

/**
 * A maker of what is given.
 * @param equimol runs the command line in a folder
 * @param library the package
 * @param folder where it is made, once
 */
export function createGivens({ equimol, library, folder }) {
  const made = new Map();
  const home = join(folder, "home");
  mkdirSync(join(home, "data"), { recursive: true });
  const run = (...words) => equimol(words, folder, { EQUIMOL_HOME: home });
  const text = (name) => readFileSync(join(folder, name), "utf8");
  const write = (name, content) => writeFileSync(join(folder, name), content);

  /** Molecules of the shipped model with properties that have QM9's names. */
  const molecules = async () => {
    const sizes = Array.from({ length: 80 }, (_, k) => 12 + (k % 8)); // some as small as presets want them
    await run("sample", "--sizes", sizes.join(), "--steps", "30", "--out", "drawn.extxyz");
    await run("predict", "--model", "qm9-alpha", "drawn.extxyz", "--out", "labelled.extxyz");
    const labelled = text("labelled.extxyz").replace(/predicted_alpha=(\S+)/g, "alpha=$1 mu=$1");
    const frames = labelled.match(FRAME);
    for (const [name, part] of [
      ["train.extxyz", frames.slice(0, 60)],
      ["valid.extxyz", frames.slice(60, 70)],
      ["test.extxyz", frames.slice(70)],
    ])
      write(name, part.join(""));
  };
  const dataset = async (name, train, ...parts) => {
    await run("data", "import", train, ...parts, "--name", name);
  };
  const frames = async (molecule) => {
    const model = `rmd17-${molecule}-painn`;
    await once(`${molecule}.xyz`);
    for (const [part, seed] of [
      ["train", "1"],
      ["test", "2"],
    ]) {
      const words = ["--out", `md-${molecule}-${part}`, "--seed", seed, "--steps", "600", "--every", "20"];
      await run("simulate", "--model", model, `${molecule}.xyz`, ...words);
      mkdirSync(join(folder, "rmd17"), { recursive: true });
      const trajectory = text(`md-${molecule}-${part}/trajectory.extxyz`);
      writeFileSync(join(folder, `rmd17/${molecule}-${part}.extxyz.gz`), gzipSync(trajectory));
    }
  };
  const shape = async (smiles, name) => {
    // The force fields know the shapes of rMD17: of several the one that they like best, at their minimum.
    await run("conformers", smiles, "-n", "12", "--relax", "--out", `${name}.sdf`);
    const model = `rmd17-${name}-painn`;
    await run("predict", "--model", model, `${name}.sdf`, "--out", `${name}-energies.extxyz`);
    let best;
    for await (const molecule of library.readMolecules(join(folder, `${name}-energies.extxyz`)))
      if (best === undefined || molecule.properties.energy < best.properties.energy) best = molecule;
    write(`${name}.xyz`, library.formatXyz(best));
    await run("simulate", "--model", model, `${name}.xyz`, "--method", "lbfgs", "--out", `${name}-best`);
    for await (const molecule of library.readMolecules(join(folder, `${name}-best/final.extxyz`)))
      write(`${name}.xyz`, library.formatXyz(molecule));
  };
  const ensembles = async () => {
    write("drugs.smi", `${DRUGS.join("\n")}\n`);
    await run("conformers", "drugs.smi", "-n", "6", "--out", "drugs.sdf");
    const records = new Map();
    for await (const { name, atomicNumbers, bonds, positions } of library.readMolecules(
      join(folder, "drugs.sdf"),
    )) {
      const smiles = name.replace(/ conformer \d+$/, "");
      const symbols = Array.from(atomicNumbers, (z) => library.symbolOf(z));
      const record = records.get(smiles) ?? {
        ...{ smiles, symbols, bonds: bonds.map(({ i, j, order }) => [i, j, order]), conformers: [] },
      };
      record.conformers.push([...positions]);
      records.set(smiles, record);
    }
    const lines = [...records.values()].map((record) => `${JSON.stringify(record)}\n`).join("");
    writeFileSync(join(folder, "drugs.jsonl.gz"), gzipSync(lines));
  };

  /** Of each name: what makes it. Data sets have no ending. */
  const MAKERS = {
    "train.extxyz": molecules,
    "molecules.sdf": async () =>
      void (await run("sample", "-n", "8", "--steps", "30", "--out", "molecules.sdf")),
    qm9: async () => {
      await once("train.extxyz");
      await dataset("qm9", "train.extxyz", "--valid", "valid.extxyz", "--test", "test.extxyz");
    },
    mine: async () => {
      await once("train.extxyz");
      await dataset("mine", "train.extxyz", "--valid", "valid.extxyz");
    },
    "frames.extxyz": async () => {
      for (const [name, seed] of [
        ["frames", "1"],
        ["held-out", "2"],
      ]) {
        const words = [
          "--replicas",
          "20",
          "--timestep",
          "4",
          "--steps",
          "500",
          "--every",
          "50",
          "--seed",
          seed,
        ];
        await run("simulate", "--model", "ala2-cg", ...words, "--out", `cg-${name}`);
        write(`${name}.extxyz`, text(`cg-${name}/trajectory.extxyz`)); // with forces
      }
    },
    "held-out.extxyz": () => once("frames.extxyz"),
    ala2: async () => {
      await once("frames.extxyz");
      await dataset("ala2", "frames.extxyz", "--valid", "held-out.extxyz");
    },
    "qm9-files": async () => {
      await once("train.extxyz");
      mkdirSync(join(folder, "qm9-files"));
      for (const [name, from] of [
        ["train-00", "train"],
        ["valid-00", "valid"],
      ])
        writeFileSync(join(folder, `qm9-files/${name}.extxyz.gz`), gzipSync(text(`${from}.extxyz`)));
    },
    "reference.extxyz": async () => {
      await once("train.extxyz");
      write("reference.extxyz", text("test.extxyz").match(FRAME).slice(0, 3).join(""));
    },
    "ethanol.xyz": () => shape("CCO", "ethanol"),
    "aspirin.xyz": () => shape(ASPIRIN, "aspirin"),
    rmd17: async () => {
      await frames("ethanol");
      await frames("aspirin");
    },
    "rmd17-ethanol": async () => {
      await once("rmd17");
      await dataset(
        "rmd17-ethanol",
        "rmd17/ethanol-train.extxyz.gz",
        "--test",
        "rmd17/ethanol-test.extxyz.gz",
      );
    },
    "drugs.jsonl.gz": ensembles,
    "reference.sdf": async () => {
      await once("drugs.jsonl.gz");
      cpSync(join(folder, "drugs.sdf"), join(folder, "reference.sdf"));
    },
    "druglike.sdf": async () => {
      await once("drugs.jsonl.gz");
      cpSync(join(folder, "drugs.sdf"), join(folder, "druglike.sdf"));
    },
    "generated.sdf": async () => {
      await once("reference.sdf");
      await run("conformers", "reference.sdf", "-n", "2x", "--seed", "1", "--out", "generated.sdf");
    },
  };
  const once = (name) => {
    if (!Object.hasOwn(MAKERS, name)) throw new Error(`nothing is known of what is given: ${name}`);
    if (!made.has(name)) made.set(name, MAKERS[name]());
    return made.get(name);
  };

  /** Puts it into a folder, or its data sets below the home. */
  return async (name, place, placeHome) => {
    await once(name);
    const [from, to] = existsSync(join(folder, name))
      ? [join(folder, name), join(place, name)]
      : [join(home, "data", name), join(placeHome, "data", name)];
    cpSync(from, to, { recursive: true });
  };
}
