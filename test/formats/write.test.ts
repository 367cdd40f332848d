import { execFileSync } from "node:child_process";
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Molecule } from "../../src/chem/molecule.ts";
import { InputError, WorkError } from "../../src/errors.ts";
import { writeFileAtomically } from "../../src/platform/node/atomic-write.ts";
import { checkMoleculeTarget, readMolecules, writeMolecules } from "../../src/platform/node/molecules.ts";
import { collect } from "./molecules.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "write-"));
});
afterEach(() => rm(folder, { recursive: true }));

const molecule = (x: number): Molecule => ({
  name: `x ${x}`,
  atomicNumbers: Uint8Array.of(8, 1),
  positions: Float64Array.of(x, 0, 0, 0, 1, 0),
});
const three = [molecule(1), molecule(2.5), molecule(-3)];
const failing = async function* (): AsyncGenerator<Molecule> {
  yield molecule(1);
  throw new InputError("the source broke", { file: "elsewhere.xyz", line: 3 });
};

describe("writing molecules", () => {
  it.each(["a.xyz", "a.extxyz", "a.sdf", "a.xyz.gz", "a.extxyz.gz", "a.SDF.GZ"])(
    "as %s, they are read back",
    async (name) => {
      const path = join(folder, name);
      expect(await writeMolecules(path, three)).toBe(3);
      const bonds = name.toLowerCase().includes("sdf") ? { bonds: [] } : {};
      expect(await collect(readMolecules(path))).toEqual(three.map((m) => ({ ...m, ...bonds })));
      expect((await readFile(path)).subarray(0, 2).equals(Buffer.of(0x1f, 0x8b))).toBe(/\.gz$/i.test(name));
      expect(await readdir(folder)).toEqual([name]);
    },
  );

  it("gives the same bytes for the same molecules", async () => {
    for (const name of ["a.sdf.gz", "b.sdf.gz"]) await writeMolecules(join(folder, name), three);
    expect(await readFile(join(folder, "a.sdf.gz"))).toEqual(await readFile(join(folder, "b.sdf.gz")));
  });

  it.each(["old.xyz", "old.xyz.gz"])(
    "leaves %s as it was, and nothing else, when the source or a molecule fails",
    async (name) => {
      const path = join(folder, name);
      await writeFile(path, "old");
      await expect(writeMolecules(path, failing())).rejects.toThrow("elsewhere.xyz:3: the source broke");
      await expect(writeMolecules(path, [molecule(1), molecule(Number.NaN)])).rejects.toThrow(
        /old\.xyz.*: molecule 2 has the coordinate NaN/,
      );
      await expect(writeMolecules(path, [molecule(1e7)])).rejects.toThrow(WorkError);
      await expect(writeMolecules(path, [{ ...molecule(1), name: "a\nb" }])).rejects.toThrow(
        /old\.xyz.*: molecule 1: the name/,
      );
      expect(await readFile(path, "utf8")).toBe("old");
      expect(await readdir(folder)).toEqual([name]);
    },
  );

  it("refuses formats that are only read", async () => {
    await expect(writeMolecules(join(folder, "a.mol"), three)).rejects.toThrow(
      /a\.mol: this format is only read/,
    );
    await expect(writeMolecules(join(folder, "a.xyz"), three, { format: "qm9" })).rejects.toThrow(InputError);
    await expect(writeMolecules(join(folder, "a.pdb"), three)).rejects.toThrow(/does not tell the format/);
  });
});

describe("atomic writing", () => {
  it("takes text, bytes, and pieces of both in their order", async () => {
    const path = join(folder, "f");
    const pieces = ["a", Uint8Array.of(0x62), "é", "d".repeat(300_000), Uint8Array.of(0x65)];
    await writeFileAtomically(path, pieces);
    expect(await readFile(path, "utf8")).toBe(`abé${"d".repeat(300_000)}e`);
    await writeFileAtomically(path, Uint8Array.of(0x66));
    expect(await readFile(path, "utf8")).toBe("f");
    await writeFileAtomically(path, "");
    expect(await readFile(path, "utf8")).toBe("");
  });

  it("shows the old file until the new one is complete", async () => {
    const path = join(folder, "f");
    await writeFile(path, "old");
    let during = "";
    const content = async function* (): AsyncGenerator<string> {
      yield "n".repeat(1 << 20);
      during = await readFile(path, "utf8");
      yield "end";
    };
    await writeFileAtomically(path, content());
    expect(during).toBe("old");
    expect((await stat(path)).size).toBe((1 << 20) + 3);
  });

  it("keeps the permissions of the old file and follows links", async () => {
    await writeFile(join(folder, "f"), "old");
    await chmod(join(folder, "f"), 0o600);
    await symlink("f", join(folder, "link"));
    await writeFileAtomically(join(folder, "link"), "new");
    expect((await lstat(join(folder, "link"))).isSymbolicLink()).toBe(true);
    expect(await readFile(join(folder, "f"), "utf8")).toBe("new");
    expect((await stat(join(folder, "f"))).mode & 0o777).toBe(0o600);
  });

  it("blames the input for a missing folder, a folder in the way, and an unwritable folder", async () => {
    const missing = join(folder, "no", "f");
    await expect(writeFileAtomically(missing, "x")).rejects.toThrow(
      new InputError("cannot be written: its folder does not exist; make the folder first", {
        file: missing,
      }),
    );
    await mkdir(join(folder, "d"));
    await expect(writeFileAtomically(join(folder, "d"), "x")).rejects.toThrow(/is a folder/);
    if (process.getuid?.() !== 0) {
      await chmod(join(folder, "d"), 0o500);
      await expect(writeFileAtomically(join(folder, "d", "f"), "x")).rejects.toThrow(/permission is denied/);
    } else if (process.platform === "linux") {
      await expect(writeFileAtomically("/proc/f", "x")).rejects.toThrow(InputError); // where even root may not
    }
  });

  it("can be tried before the work: the place is judged as it would be, and nothing is left", async () => {
    const path = join(folder, "f.sdf");
    await writeFile(path, "old");
    await checkMoleculeTarget(path);
    await checkMoleculeTarget(join(folder, "new.xyz.gz"));
    await expect(checkMoleculeTarget(join(folder, "no", "f.sdf"))).rejects.toThrow(
      /its folder does not exist/,
    );
    await expect(checkMoleculeTarget(join(path, "f.sdf"))).rejects.toThrow(/a file is in the way/);
    await expect(checkMoleculeTarget(join(folder, "f.mol"))).rejects.toThrow(/this format is only read/);
    await expect(checkMoleculeTarget(join(folder, "f.gif"))).rejects.toThrow(/does not tell the format/);
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["f.sdf"]);
  });

  it.skipIf(process.platform !== "linux")("writes devices in place, and reports a full one", async () => {
    await writeFileAtomically("/dev/null", "x");
    expect((await stat("/dev/null")).isCharacterDevice()).toBe(true);
    await expect(writeFileAtomically("/dev/full", "x")).rejects.toThrow(InputError);
    await expect(writeFileAtomically("/dev/full", "x")).rejects.toThrow(
      /^\/dev\/full: cannot be written: the disk is full/,
    );
  });

  it("leaves the old file on a full disk (needs root to mount one, else skipped)", async ({ skip }) => {
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], { stdio: "ignore" });
    } catch {
      skip("no permission to mount a small disk");
    }
    try {
      const path = join(folder, "f.sdf");
      await writeMolecules(path, three);
      const old = await readFile(path);
      const endless = function* (): Generator<Molecule> {
        for (;;) yield molecule(1);
      };
      await expect(writeMolecules(path, endless())).rejects.toThrow(
        new InputError(
          "cannot be written: the disk is full; nothing was replaced. Make room, or choose another place",
          { file: path },
        ),
      );
      expect(await readFile(path)).toEqual(old);
      expect(await readdir(folder)).toEqual(["f.sdf"]);
    } finally {
      execFileSync("umount", [folder]);
    }
  });
});
