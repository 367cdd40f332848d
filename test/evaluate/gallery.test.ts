import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { withBonds } from "../../src/chem/bond-orders.ts";
import type { Molecule } from "../../src/chem/molecule.ts";
import { drawMolecule, flattestView } from "../../src/views/gallery/drawing.ts";
import { escapeHtml, inlineJson, inlineScript } from "../../src/views/gallery/escape.ts";
import { galleryPage } from "../../src/views/showcase.ts";

const WATER: Molecule = {
  atomicNumbers: Uint8Array.of(8, 1, 1),
  positions: Float64Array.of(0, 0, 0.119, 0, 0.763, -0.477, 0, -0.763, -0.477),
};
const page = (molecules: readonly Molecule[], more: object = {}) =>
  galleryPage({ title: "Test", molecules, ...more });
const payloadOf = (html: string) => {
  const [, json] = html.match(/<script type="application\/json" id="data">(.*?)<\/script>/s) ?? [];
  return JSON.parse(json);
};

const atoms = fc.array(
  fc.tuple(fc.constantFrom(1, 6, 7, 8, 9, 79), ...Array(3).fill(fc.double({ min: -9, max: 9, noNaN: true }))),
  {
    minLength: 1,
    maxLength: 12,
  },
) as fc.Arbitrary<[number, number, number, number][]>;
const anyMolecule = atoms.map(
  (rows): Molecule => ({
    atomicNumbers: Uint8Array.from(rows, ([z]) => z),
    positions: Float64Array.from(rows.flatMap(([, ...xyz]) => xyz)),
  }),
);

describe("a drawing", () => {
  test("has a circle for every atom, all inside the frame", () => {
    fc.assert(
      fc.property(anyMolecule, (molecule) => {
        const svg = drawMolecule(withBonds(molecule, "geom"));
        const circles = [
          ...svg.matchAll(/<circle class="e-(\w+)" cx="([-\d.]+)" cy="([-\d.]+)" r="([-\d.]+)"/g),
        ];
        expect(circles).toHaveLength(molecule.atomicNumbers.length);
        for (const [, , cx, cy, r] of circles) {
          expect(Math.abs(Number(cx)) + Number(r)).toBeLessThanOrEqual(50);
          expect(Math.abs(Number(cy)) + Number(r)).toBeLessThanOrEqual(40);
        }
      }),
    );
  });

  test("is seen by a rotation, never by a mirror", () => {
    fc.assert(
      fc.property(anyMolecule, (molecule) => {
        const [u, v, w] = flattestView(molecule);
        const dot = (a: readonly number[], b: readonly number[]) =>
          a.reduce((sum, x, k) => sum + x * b[k], 0);
        for (const axis of [u, v, w]) expect(dot(axis, axis)).toBeCloseTo(1, 9);
        expect(dot(u, v)).toBeCloseTo(0, 9);
        const cross = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
        expect(dot(cross, w)).toBeCloseTo(1, 9);
      }),
    );
  });

  test("paints what is in front last", () => {
    const two: Molecule = {
      atomicNumbers: Uint8Array.of(8, 7),
      positions: Float64Array.of(0, 0, 3, 0, 0, -3),
    };
    const fromAbove = [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ] as const;
    const fromBelow = [
      [1, 0, 0],
      [0, -1, 0],
      [0, 0, -1],
    ] as const;
    const order = (view: typeof fromAbove | typeof fromBelow) =>
      [...drawMolecule(two, view).matchAll(/e-(\w)/g)].map(([, symbol]) => symbol).join("");
    expect(order(fromAbove)).toBe("NO");
    expect(order(fromBelow)).toBe("ON");
  });
});

describe("text from files", () => {
  test("never opens a tag or ends an attribute", () => {
    fc.assert(fc.property(fc.string({ unit: "grapheme-ascii" }), (text) => !/[<>"']/.test(escapeHtml(text))));
  });

  test("comes back from the embedded JSON as it was, and cannot end its script", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom("</script>", "<!--", "]]>"), (value, evil) => {
        const text = inlineJson([value, evil]);
        expect(text).not.toMatch(/<\/script|<!--/i);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify([value, evil])));
      }),
    );
  });

  test("a program that speaks of scripts still says the same", () => {
    const program = 'globalThis.said = ["</script>", "<!-- x", /<\\/SCRIPT/.source]';
    const inline = inlineScript(program);
    expect(inline).not.toMatch(/<\/script|<!--/i);
    expect(runInNewContext(inline)).toEqual(runInNewContext(program));
  });

  test("is harmless in every place of the page", async () => {
    const evil = `</script><script>alert(1)</script><img src=x onerror="alert(1)">'"&`;
    const { html } = await page([{ ...WATER, name: evil, properties: { note: evil } }], {
      title: evil,
      summary: evil,
      chain: [WATER],
      chainCaption: evil,
      provenance: { [evil]: evil },
    });
    expect(html.match(/<script/g)).toHaveLength(3);
    expect(html).not.toMatch(/<img/);
    expect(payloadOf(html).molecules[0].name).toBe(evil);
  });
});

describe("the page", () => {
  test("holds every molecule with its record, verdict and readable SMILES", async () => {
    const apart: Molecule = { ...WATER, positions: WATER.positions.map((x) => 3 * x) };
    const { html, evaluation } = await page([WATER, apart]);
    const { molecules, chain } = payloadOf(html);
    expect(molecules).toHaveLength(2);
    expect(molecules[0]).toMatchObject({ state: "stable", valid: true, smiles: "O" });
    expect(molecules[1]).toMatchObject({ state: "valid", valid: true });
    expect(molecules[0].sdf).toContain("V2000");
    expect(chain).toBeNull();
    expect(html.match(/class="card"/g)).toHaveLength(2);
    expect(evaluation.moleculeStable).toEqual({ count: 1, of: 2, fraction: 0.5 });
    expect(html).toContain("1 of 2");
  });

  test("shows what was exactly said and asks the network for nothing", async () => {
    const { html } = await page([WATER]);
    const withoutLibrary = html.replace(/<script>\/\*[\s\S]*?<\/script>/, "");
    expect(withoutLibrary).not.toMatch(/(?:src|href)="(?!data:)/);
    expect(withoutLibrary).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
    expect(html).toMatch(/default-src 'none'/);
    expect(html).not.toMatch(/\{\{\w+\}\}/);
  });

  test("keeps a molecule that no record can hold out of the grid, and says so", async () => {
    const far: Molecule = { ...WATER, positions: WATER.positions.map((x, k) => (k === 0 ? 123_456 : x)) };
    const { html, evaluation } = await page([WATER, far]);
    expect(payloadOf(html).molecules).toHaveLength(1);
    expect(html).toContain("counts 1 more molecules, which are not shown");
    expect(evaluation.molecules).toBe(2);
  });

  test("keeps every frame of the film, with the elements and bonds it has then", async () => {
    const noise: Molecule = {
      ...WATER,
      atomicNumbers: Uint8Array.of(9, 7, 6),
      positions: WATER.positions.map((x) => x * 5),
    };
    const { chain } = payloadOf((await page([WATER], { chain: [noise, WATER] })).html);
    expect(chain.frames.map(({ elements }: { elements: string[] }) => elements.join(""))).toEqual([
      "FNC",
      "OHH",
    ]);
    expect(chain.frames[1].positions.slice(3, 6)).toEqual([0, 763, -477]);
    expect(chain.frames.map(({ bonds }: { bonds: number[] }) => bonds.length / 3)).toEqual([0, 2]);
  });
});
