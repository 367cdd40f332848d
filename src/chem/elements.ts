/**
 * The periodic table. Covalent radii: Cordero et al., "Covalent radii revisited", Dalton Trans. 2008 (sp3 carbon;
 * low-spin Mn, Fe, Co). Van der Waals radii: Bondi, J. Phys. Chem. 1964, and for the main-group elements Bondi
 * lacks Mantina et al., J. Phys. Chem. A 2009. Weights: IUPAC conventional standard atomic weights, 2021.
 */

/** Element symbols by atomic number; index 0 is empty. */
export const ELEMENT_SYMBOLS: readonly string[] = [
  "",
  ..."H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr".split(
    " ",
  ),
  ..."Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er".split(
    " ",
  ),
  ..."Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm".split(
    " ",
  ),
  ..."Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og".split(" "),
];

const numberBySymbol: ReadonlyMap<string, number> = new Map(
  ELEMENT_SYMBOLS.map((symbol, z): [string, number] => [symbol, z]).slice(1),
);

// Å, Z = 1 … 96
// biome-ignore format: rows of the periodic table
const COVALENT_RADII: readonly number[] = [
  0.31, 0.28,
  1.28, 0.96, 0.84, 0.76, 0.71, 0.66, 0.57, 0.58,
  1.66, 1.41, 1.21, 1.11, 1.07, 1.05, 1.02, 1.06,
  2.03, 1.76, 1.7, 1.6, 1.53, 1.39, 1.39, 1.32, 1.26, 1.24, 1.32, 1.22, 1.22, 1.2, 1.19, 1.2, 1.2, 1.16,
  2.2, 1.95, 1.9, 1.75, 1.64, 1.54, 1.47, 1.46, 1.42, 1.39, 1.45, 1.44, 1.42, 1.39, 1.39, 1.38, 1.39, 1.4,
  2.44, 2.15,
  2.07, 2.04, 2.03, 2.01, 1.99, 1.98, 1.98, 1.96, 1.94, 1.92, 1.92, 1.89, 1.9, 1.87, 1.87,
  1.75, 1.7, 1.62, 1.51, 1.44, 1.41, 1.36, 1.36, 1.32, 1.45, 1.46, 1.48, 1.4, 1.5, 1.5,
  2.6, 2.21,
  2.15, 2.06, 2, 1.96, 1.9, 1.87, 1.8, 1.69,
];

// Å
// biome-ignore format: a table
const VAN_DER_WAALS_RADII: Readonly<Record<string, number>> = {
  H: 1.2, He: 1.4,
  Li: 1.82, Be: 1.53, B: 1.92, C: 1.7, N: 1.55, O: 1.52, F: 1.47, Ne: 1.54,
  Na: 2.27, Mg: 1.73, Al: 1.84, Si: 2.1, P: 1.8, S: 1.8, Cl: 1.75, Ar: 1.88,
  K: 2.75, Ca: 2.31, Ni: 1.63, Cu: 1.4, Zn: 1.39, Ga: 1.87, Ge: 2.11, As: 1.85, Se: 1.9, Br: 1.85, Kr: 2.02,
  Rb: 3.03, Sr: 2.49, Pd: 1.63, Ag: 1.72, Cd: 1.58, In: 1.93, Sn: 2.17, Sb: 2.06, Te: 2.06, I: 1.98, Xe: 2.16,
  Cs: 3.43, Ba: 2.68, Pt: 1.75, Au: 1.66, Hg: 1.55, Tl: 1.96, Pb: 2.02, Bi: 2.07, Po: 1.97, At: 2.02, Rn: 2.2,
  Fr: 3.48, Ra: 2.83, U: 1.86,
};

// g/mol; elements without a standard weight are absent
// biome-ignore format: a table
const ATOMIC_WEIGHTS: Readonly<Record<string, number>> = {
  H: 1.008, He: 4.0026,
  Li: 6.94, Be: 9.0122, B: 10.81, C: 12.011, N: 14.007, O: 15.999, F: 18.998, Ne: 20.18,
  Na: 22.99, Mg: 24.305, Al: 26.982, Si: 28.085, P: 30.974, S: 32.06, Cl: 35.45, Ar: 39.95,
  K: 39.098, Ca: 40.078, Sc: 44.956, Ti: 47.867, V: 50.942, Cr: 51.996, Mn: 54.938, Fe: 55.845, Co: 58.933,
  Ni: 58.693, Cu: 63.546, Zn: 65.38, Ga: 69.723, Ge: 72.63, As: 74.922, Se: 78.971, Br: 79.904, Kr: 83.798,
  Rb: 85.468, Sr: 87.62, Y: 88.906, Zr: 91.224, Nb: 92.906, Mo: 95.95, Ru: 101.07, Rh: 102.91, Pd: 106.42,
  Ag: 107.87, Cd: 112.41, In: 114.82, Sn: 118.71, Sb: 121.76, Te: 127.6, I: 126.9, Xe: 131.29,
  Cs: 132.91, Ba: 137.33, La: 138.91, Ce: 140.12, Pr: 140.91, Nd: 144.24, Sm: 150.36, Eu: 151.96, Gd: 157.25,
  Tb: 158.93, Dy: 162.5, Ho: 164.93, Er: 167.26, Tm: 168.93, Yb: 173.05, Lu: 174.97,
  Hf: 178.49, Ta: 180.95, W: 183.84, Re: 186.21, Os: 190.23, Ir: 192.22, Pt: 195.08, Au: 196.97, Hg: 200.59,
  Tl: 204.38, Pb: 207.2, Bi: 208.98, Th: 232.04, Pa: 231.04, U: 238.03,
};

/** Symbol of the element with atomic number z, 1 … 118. Throws RangeError for any other number. */
export function symbolOf(z: number): string {
  const symbol = ELEMENT_SYMBOLS[z];
  if (!symbol) throw new RangeError(`atomic number ${z} is outside 1 … 118`);
  return symbol;
}

/** Atomic number of a symbol written as in the periodic table ("Cl", not "CL"), or undefined. */
export function atomicNumberOf(symbol: string): number | undefined {
  return numberBySymbol.get(symbol);
}

/** Covalent radius in Å (Cordero), known for Z = 1 … 96. */
export function covalentRadius(z: number): number | undefined {
  return COVALENT_RADII[z - 1];
}

/** Van der Waals radius in Å (Bondi, Mantina), or undefined where neither gives one. */
export function vanDerWaalsRadius(z: number): number | undefined {
  return VAN_DER_WAALS_RADII[ELEMENT_SYMBOLS[z] ?? ""];
}

/** Standard atomic weight in g/mol, or undefined for elements without one. */
export function atomicWeight(z: number): number | undefined {
  return ATOMIC_WEIGHTS[ELEMENT_SYMBOLS[z] ?? ""];
}
