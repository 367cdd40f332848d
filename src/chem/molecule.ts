/** The one description of a molecule that everything else reads and writes. */

/** Bond order as SDF counts it: 1 single, 2 double, 3 triple, 4 aromatic. */
export type BondOrder = 1 | 2 | 3 | 4;

/** A bond between the atoms `i` and `j` (0-based, i ≠ j). */
export interface Bond {
  readonly i: number;
  readonly j: number;
  readonly order: BondOrder;
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
  /** Forces, row-major, in the unit of the file they came from. [N, 3] */
  readonly forces?: Float64Array;
  /** Further columns of extended XYZ. */
  readonly atomColumns?: Readonly<Record<string, AtomColumn>>;
  /** key=value pairs of extended XYZ, data items of SDF, the properties of QM9. */
  readonly properties?: Readonly<Record<string, PropertyValue>>;
}

/** Number of atoms. */
export const atomCount = (molecule: Molecule): number => molecule.atomicNumbers.length;
