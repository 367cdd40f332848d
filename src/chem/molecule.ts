/** The one description of a molecule that everything else reads and writes. */

/** Bond order as SDF counts it: 1 single, 2 double, 3 triple, 4 aromatic. */
export type BondOrder = 1 | 2 | 3 | 4;

/**
 * What a drawing says of a bond's stereochemistry: a wedge, solid (up) or hashed (down), whose narrow end is at atom `i`;
 * or that it is not known, of a wiggly single bond or a crossed double bond.
 */
export type BondMark = "up" | "down" | "either";

/** A bond between the atoms `i` and `j` (0-based, i ≠ j). */
export interface Bond {
  readonly i: number;
  readonly j: number;
  readonly order: BondOrder;
  /** Of SDF. */
  readonly mark?: BondMark;
}

/** What a file can say about a whole frame: numbers, strings, logicals, and arrays of numbers. */
export type PropertyValue = number | string | boolean | readonly number[];

/** A further column of numbers or words for each atom, row-major, `width` values an atom. */
export interface AtomColumn {
  readonly type: "real" | "integer" | "string" | "logical";
  readonly width: number;
  readonly values: readonly (number | string | boolean)[];
}

/**
 * N atoms in space. Positions are double precision on disk and in memory; models cast.
 * Arrays are not to be written to after the molecule has been made.
 */
export interface Molecule {
  /** Title or comment of the record. */
  readonly name?: string;
  /** Nuclear charges Z. [N] */
  readonly atomicNumbers: Uint8Array;
  /** Cartesian positions in Å, row-major. [N, 3] */
  readonly positions: Float64Array;
  readonly bonds?: readonly Bond[];
  /** Formal charges in units of e. [N] */
  readonly formalCharges?: Int8Array;
  /** Mass numbers of the atoms that are a certain isotope; 0 of the others: the natural mixture. [N] */
  readonly isotopes?: Uint16Array;
  /** Spin multiplicity of the atoms that are radicals: 1 singlet, 2 doublet, 3 triplet; 0 of the others. [N] */
  readonly radicals?: Uint8Array;
  /** 2 where the file says that the positions are a drawing in the plane. */
  readonly dimensions?: 2;
  /** Forces, row-major, in the unit of the file they came from. [N, 3] */
  readonly forces?: Float64Array;
  /** Further columns of extended XYZ. */
  readonly atomColumns?: Readonly<Record<string, AtomColumn>>;
  /** key=value pairs of extended XYZ, data items of SDF, the properties of QM9. */
  readonly properties?: Readonly<Record<string, PropertyValue>>;
}

/** Number of atoms. */
export const atomCount = (molecule: Molecule): number => molecule.atomicNumbers.length;
