import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fetchQm9 } from "../../src/data/fetch.ts";
import { moleculeAt, setSize } from "../../src/data/molecule-set.ts";
import type { Qm9Source } from "../../src/data/qm9-archive.ts";
import { qm9Split } from "../../src/data/qm9-split.ts";
import { loadDataset } from "../../src/data/store.ts";
import { WorkError } from "../../src/errors.ts";
import { QM9_PROPERTIES } from "../../src/formats/qm9.ts";

/** 40 molecules of minimol, indices 1 … 40, as raw QM9 records with made-up properties. */
const ARCHIVE = readFileSync(join(import.meta.dirname, "fixtures/qm9-layout.tar.bz2"));
const DROPPED = [3, 17, 22, 40];
const LIST = Buffer.from(`Header of words\n===\n${DROPPED.map((id) => `  ${id}   C C 1.5\n`).join("")}\n`);

const published = (name: string, content: Uint8Array) => ({
  name,
  bytes: content.length,
  md5: createHash("md5").update(content).digest("hex"),
  figshare: 0,
});
const source = (archive: Uint8Array = ARCHIVE, list: Uint8Array = LIST): Qm9Source => ({
  archive: published("dsgdb9nsd.xyz.tar.bz2", archive),
  uncharacterized: published("uncharacterized.txt", list),
  molecules: 40,
  uncharacterizedMolecules: DROPPED.length,
  trainMolecules: 20,
});

let home: string;
let servers: Server[];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "equimol-fetch-"));
  servers = [];
});
afterEach(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(home, { recursive: true, force: true });
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/files/`;
}

interface Manner {
  readonly ranges?: boolean;
  /** Breaks the connection after this many bytes of the first answers. */
  readonly breaks?: number[];
  readonly archive?: Uint8Array;
  readonly list?: Uint8Array;
}

/** A server of the two files; `asked` records the Range headers of the requests for the archive. */
function files(
  { ranges = true, breaks = [], archive = ARCHIVE, list = LIST }: Manner = {},
  asked: string[] = [],
) {
  return serve((request, response) => {
    const isArchive = request.url === "/files/dsgdb9nsd.xyz.tar.bz2";
    const content = isArchive ? archive : request.url === "/files/uncharacterized.txt" ? list : undefined;
    if (content === undefined) return void response.writeHead(404).end("no such file");
    const range = request.headers.range;
    if (isArchive) asked.push(range ?? "whole");
    const start = ranges && range !== undefined ? Number(/^bytes=(\d+)-$/.exec(range)?.[1]) : 0;
    const body = content.subarray(start);
    const headers: Record<string, string | number> = { "Content-Length": body.length };
    if (start > 0) headers["Content-Range"] = `bytes ${start}-${content.length - 1}/${content.length}`;
    response.writeHead(start > 0 ? 206 : 200, headers);
    const broken = isArchive ? breaks.shift() : undefined;
    if (broken === undefined) response.end(body);
    else response.write(body.subarray(0, broken), () => setTimeout(() => request.socket.destroy(), 20));
  });
}

const fetched = (baseUrl: string, from: Qm9Source = source()) =>
  fetchQm9({ baseUrl, home, source: from, pause: 1 });

async function failure(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(WorkError);
  const { message } = error as Error;
  expect(message).not.toContain("\n");
  expect(existsSync(join(home, "data/qm9"))).toBe(false);
  return message;
}

describe("fetching QM9", () => {
  test("gives the kept molecules in the split of EDM, with 15 properties and their units", async () => {
    const phases = new Set<string>();
    const info = await fetchQm9({
      baseUrl: await files(),
      home,
      source: source(),
      onProgress: ({ phase, done, total }) => {
        phases.add(phase);
        expect(done).toBeLessThanOrEqual(total);
      },
    });
    expect([...phases]).toEqual(["download", "read"]);
    expect(info.molecules).toEqual({ train: 20, valid: 13, test: 3 });
    expect(info.provenance.dropped).toEqual({ uncharacterized: 4 });
    expect(Object.keys(info.properties)).toEqual(["gdb", ...QM9_PROPERTIES]);
    expect(info.properties.U0.unit).toBe("Hartree");
    expect(QM9_PROPERTIES.every((name) => info.properties[name].unit !== undefined)).toBe(true);

    const dataset = await loadDataset("qm9", { home });
    const kept = Array.from({ length: 40 }, (_, i) => i + 1).filter((id) => !DROPPED.includes(id));
    const expected = qm9Split(kept, 20);
    for (const part of ["train", "valid", "test"] as const) {
      expect([...dataset[part]!.properties.gdb]).toEqual([...expected[part].sort()]);
    }
    // property 4 (mu) of molecule i is i.*^-6, property 7 (lumo) is -0.2 - i/1000
    const first = moleculeAt(dataset.train, 0);
    const id = expected.train[0];
    expect(first.properties).toMatchObject({
      gdb: id,
      mu: id * 1e-6,
      lumo: Number((-0.2 - id / 1000).toFixed(4)),
    });
  });

  test("does not download again what is there, nor ask for a server", async () => {
    const baseUrl = await files();
    await fetched(baseUrl);
    for (const server of servers) server.close();
    const again = await fetchQm9({ baseUrl, home, source: source(), name: "again" });
    expect(setSize((await loadDataset("again", { home })).train)).toBe(20);
    expect(again.molecules.train).toBe(20);
  });

  test("uses files that were put into the downloads folder by hand", async () => {
    const folder = join(home, "downloads/qm9");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "dsgdb9nsd.xyz.tar.bz2"), ARCHIVE);
    writeFileSync(join(folder, "uncharacterized.txt"), LIST);
    expect((await fetched("http://127.0.0.1:9/")).molecules.train).toBe(20);
  });

  test("goes on where a transfer broke off", async () => {
    const asked: string[] = [];
    const baseUrl = await files({ breaks: [3000, 2000] }, asked);
    expect((await fetched(baseUrl)).molecules.train).toBe(20);
    expect(asked).toEqual(["whole", "bytes=3000-", "bytes=5000-"]);
  });

  test("goes on where an earlier call had to give up", async () => {
    const refused = await files({ breaks: [3000, 0, 0, 0] });
    expect(await failure(fetched(refused))).toMatch(/broke off at 3000 of \d+ bytes; run the command again/);
    const asked: string[] = [];
    expect((await fetched(await files({}, asked))).molecules.train).toBe(20);
    expect(asked).toEqual(["bytes=3000-"]);
  });

  test("begins anew with a server that does not know Range", async () => {
    const asked: string[] = [];
    const baseUrl = await files({ breaks: [3000], ranges: false }, asked);
    expect((await fetched(baseUrl)).molecules.train).toBe(20);
    expect(asked).toEqual(["whole", "bytes=3000-"]);
  });

  test("takes the place from EQUIMOL_QM9_URL", async () => {
    process.env.EQUIMOL_QM9_URL = await files();
    try {
      expect((await fetchQm9({ home, source: source() })).molecules.train).toBe(20);
    } finally {
      delete process.env.EQUIMOL_QM9_URL;
    }
  });
});

describe("fetching QM9 fails in one line", () => {
  const advice = /without network, import files of your own .*equimol data import.*equimol data make minimol/;

  test("when nothing listens, saying what to do instead", async () => {
    const baseUrl = await files();
    await new Promise((done) => servers[0].close(done));
    const message = await failure(fetched(baseUrl));
    expect(message).toMatch(/the server cannot be reached \(ECONNREFUSED\)/);
    expect(message).toMatch(advice);
  });

  test("when the server does not have the files", async () => {
    const message = await failure(fetched(await serve((_, response) => response.writeHead(404).end())));
    expect(message).toMatch(/uncharacterized\.txt: the server answered 404 Not Found/);
    expect(message).toMatch(advice);
  });

  test("when the checksum is wrong, and keeps nothing of it", async () => {
    const changed = Uint8Array.from(ARCHIVE);
    changed[changed.length >> 1] ^= 1;
    expect(await failure(fetched(await files({ archive: changed })))).toMatch(
      /MD5 \w+ is not the published \w+/,
    );
    expect(readdirSync(join(home, "downloads/qm9"))).toEqual(["uncharacterized.txt"]);
  });

  test("when the server sends something else that is larger", async () => {
    const larger = Buffer.concat([ARCHIVE, Buffer.from("more")]);
    expect(await failure(fetched(await files({ archive: larger })))).toMatch(/sends more than the \d+ bytes/);
  });

  test("when the archive is not bzip2, damaged, or cut short", async () => {
    const damaged = Uint8Array.from(ARCHIVE);
    damaged.fill(0, 2000, 2100);
    for (const archive of [Buffer.from("<html>"), damaged, ARCHIVE.subarray(0, 6000)]) {
      const baseUrl = await files({ archive });
      expect(await failure(fetched(baseUrl, source(archive)))).toMatch(
        /tar\.bz2: cannot be unpacked \(.+\)$/,
      );
    }
  });

  test("when molecules or entries of the list are missing", async () => {
    const list = Buffer.from("3 C\n17 C\n");
    expect(await failure(fetched(await files({ list }), source(ARCHIVE, list)))).toMatch(
      /2 molecules are listed, expected 4/,
    );
    const more = { ...source(), molecules: 41 };
    expect(await failure(fetched(await files(), more))).toMatch(/holds 40 molecules, expected 41/);
    const three = Buffer.from("3 C\n17 C\n22 C\n");
    const fewer = { ...source(ARCHIVE, three), molecules: 39, uncharacterizedMolecules: 3 };
    rmSync(join(home, "downloads"), { recursive: true });
    expect(await failure(fetched(await files({ list: three }), fewer))).toMatch(
      /index 40, which is not one of QM9/,
    );
  });

  test("when the name is taken, before anything is downloaded", async () => {
    const baseUrl = await files();
    await fetched(baseUrl);
    await expect(fetched("http://127.0.0.1:9/")).rejects.toThrow(/data set "qm9" exists already/);
  });
});
