/**
 * Isotopes: masses of the natural ones and of the radioactive ones in use, in g/mol (Coursey et al., "Atomic Weights and
 * Isotopic Compositions", NIST 2015, by way of RDKit). The mass number of an isotope is its mass, rounded.
 */

import { atomicWeight, symbolOf } from "./elements.ts";
import type { Molecule } from "./molecule.ts";

// g/mol, to five decimals
// biome-ignore format: a table
const ISOTOPE_MASSES: Readonly<Record<string, string>> = {
  H: "1.00783 2.0141 3.01605", He: "3.01603 4.0026", Li: "6.01512 7.016", Be: "9.01218",
  B: "10.01294 11.00931", C: "11.01143 12 13.00335 14.00324", N: "13.00574 14.00307 15.00011",
  O: "15.00307 15.99491 16.99913 17.99916", F: "18.00094 18.9984", Ne: "19.99244 20.99385 21.99139",
  Na: "21.99444 22.98977 23.99096", Mg: "23.98504 24.98584 25.98259", Al: "26.98154",
  Si: "27.97693 28.97649 29.97377 30.97536 31.97415", P: "30.97376 31.97391 32.97173",
  S: "31.97207 32.97146 33.96787 34.96903 35.96708", Cl: "34.96885 35.96831 36.9659",
  Ar: "35.96755 37.96273 39.96238", K: "38.96371 39.964 40.96183 41.9624",
  Ca: "39.96259 41.95862 42.95877 43.95548 44.95619 45.95369 47.95253", Sc: "44.95591",
  Ti: "45.95263 46.95176 47.94795 48.94787 49.94479", V: "49.94716 50.94396",
  Cr: "49.94604 51.94051 52.94065 53.93888", Mn: "54.93805",
  Fe: "53.93961 54.93829 55.93494 56.93539 57.93328 58.93488", Co: "56.93629 58.93319 59.93382",
  Ni: "57.93534 59.93079 60.93106 61.92835 63.92797", Cu: "62.9296 63.92976 64.92779",
  Zn: "63.92914 65.92603 66.92713 67.92484 69.92532", Ga: "66.9282 67.92798 68.92557 70.9247",
  Ge: "69.92425 71.92208 72.92346 73.92118 75.9214", As: "74.9216",
  Se: "73.92248 74.92252 75.91921 76.91991 77.91731 79.91652 81.9167",
  Br: "75.92454 76.92138 78.91834 80.91629 81.9168",
  Kr: "77.92036 79.91638 81.91348 82.91414 83.91151 85.91061", Rb: "84.91179 86.90918",
  Sr: "83.91343 85.90926 86.90888 87.90561 89.90774", Y: "88.90585 89.90715",
  Zr: "88.90889 89.9047 90.90565 91.90504 93.90632 95.90827", Nb: "92.90638",
  Mo: "91.90681 93.90509 94.90584 95.90468 96.90602 97.90541 99.90748", Tc: "96.90636 97.90722 98.90625",
  Ru: "95.9076 97.90529 98.90594 99.90422 100.90558 101.90435 103.90543", Rh: "102.9055",
  Pd: "101.90561 103.90404 104.90508 105.90349 107.90389 109.90515", Ag: "106.9051 108.90475",
  Cd: "105.90646 107.90418 109.903 110.90418 111.90276 112.9044 113.90336 115.90476",
  In: "110.9051 112.90406 114.90388",
  Sn: "111.90482 113.90278 114.90334 115.90174 116.90295 117.9016 118.90331 119.90219 121.90344 123.90527",
  Sb: "120.90382 122.90421",
  Te: "119.90402 121.90304 122.90427 123.90282 124.90443 125.90331 127.90446 129.90622",
  I: "122.90559 123.90621 124.90463 126.90447 130.90612",
  Xe: "123.90589 125.90427 127.90353 128.90478 129.90351 130.90508 131.90415 133.90539 135.90722",
  Cs: "132.90545 136.90709", Ba: "129.90632 131.90506 133.90451 134.90569 135.90458 136.90583 137.90525",
  La: "137.90711 138.90635", Ce: "135.90717 137.90599 139.90544 141.90924", Pr: "140.90765",
  Nd: "141.90772 142.90981 143.91009 144.91257 145.91312 147.91689 149.92089", Pm: "144.91275 146.91514",
  Sm: "143.912 146.9149 147.91482 148.91718 149.91728 151.91973 153.92221", Eu: "150.91985 152.92123",
  Gd: "151.91979 153.92087 154.92262 155.92212 156.92396 157.9241 159.92705", Tb: "158.92535",
  Dy: "155.92428 157.92441 159.9252 160.92693 161.9268 162.92873 163.92917", Ho: "164.93032",
  Er: "161.92878 163.9292 165.93029 166.93205 167.93237 169.93546", Tm: "168.93421",
  Yb: "167.9339 169.93476 170.93633 171.93638 172.93821 173.93886 175.94257",
  Lu: "174.94077 175.94269 176.94376", Hf: "173.94005 175.94141 176.94322 177.9437 178.94582 179.94655",
  Ta: "179.94746 180.948", W: "179.9467 181.9482 182.95022 183.95093 185.95436", Re: "184.95296 186.95575",
  Os: "183.95249 185.95384 186.95575 187.95584 188.95815 189.95845 191.96148", Ir: "190.96059 192.96293",
  Pt: "189.95993 191.96104 193.96268 194.96479 195.96495 197.96789", Au: "196.96657",
  Hg: "195.96583 197.96677 198.96828 199.96833 200.9703 201.97064 202.97287 203.97349",
  Tl: "202.97234 204.97443", Pb: "203.97304 205.97447 206.9759 207.97665", Bi: "208.9804",
  Po: "208.98243 209.98287", At: "209.98715 210.9875", Rn: "222.01758", Fr: "223.01974",
  Ra: "226.02541 228.03107", Ac: "227.02775", Th: "230.03313 232.03806", Pa: "231.03588",
  U: "233.03964 234.04095 235.04393 238.05079", Np: "237.04817", Pu: "239.05216 244.0642",
};

const tables = new Map<number, ReadonlyMap<number, number>>();

function massesOfElement(z: number): ReadonlyMap<number, number> {
  let table = tables.get(z);
  if (table === undefined) {
    const masses = (ISOTOPE_MASSES[symbolOf(z)] ?? "").split(" ").filter((text) => text !== "");
    table = new Map(masses.map((text): [number, number] => [Math.round(Number(text)), Number(text)]));
    tables.set(z, table);
  }
  return table;
}

/**
 * Mass in g/mol of the isotope with this mass number; of one that is in no table the mass number itself, which is within
 * a tenth of the mass.
 */
export const isotopeMass = (z: number, massNumber: number): number =>
  massesOfElement(z).get(massNumber) ?? massNumber;

/** The mass of an atom in g/mol: of its isotope, or where that is 0 the standard atomic weight; undefined without one. */
export const atomMass = (z: number, isotope = 0): number | undefined =>
  isotope > 0 ? isotopeMass(z, isotope) : atomicWeight(z);

/** A mass this near to the standard atomic weight is that of the natural mixture, g/mol */
const NATURAL = 0.0015;
/** A mass farther than this from every isotope's and from the atomic weight is none of them, g/mol. */
const FAR = 0.05;

/**
 * Mass number of the isotope that a mass in g/mol tells of, 0 for the natural mixture (also of elements with one isotope
 * only); undefined for a mass that is neither.
 */
export function isotopeOfMass(z: number, mass: number): number | undefined {
  const weight = atomicWeight(z);
  if (weight !== undefined && Math.abs(mass - weight) < NATURAL) return 0;
  const massNumber = Math.round(mass);
  const known = massesOfElement(z).get(massNumber);
  const toKnown = known === undefined ? Number.POSITIVE_INFINITY : Math.abs(mass - known);
  const toWeight = weight === undefined ? Number.POSITIVE_INFINITY : Math.abs(mass - weight);
  if (Math.min(toKnown, toWeight) < FAR) return toKnown < toWeight ? massNumber : 0;
  return mass === massNumber && massNumber > 0 ? massNumber : undefined;
}

/**
 * The isotopes of a molecule: as they are given, or as the masses in g/mol of a column `masses` (extended XYZ) tell.
 * Undefined where all atoms are the natural mixture. [N]
 */
export function isotopesOf({
  atomicNumbers,
  isotopes,
  atomColumns = {},
}: Pick<Molecule, "atomicNumbers" | "isotopes" | "atomColumns">): Uint16Array | undefined {
  if (isotopes !== undefined) return isotopes;
  const column = atomColumns.masses ?? atomColumns.mass;
  if (column === undefined || column.width !== 1) return undefined;
  const found = Uint16Array.from(atomicNumbers, (z, a) => isotopeOfMass(z, Number(column.values[a])) ?? 0);
  return found.some((isotope) => isotope > 0) ? found : undefined;
}

/** "13C", "2H": an isotope as chemists write it. */
export const isotopeName = (z: number, massNumber: number): string => `${massNumber}${symbolOf(z)}`;

/** Isotopes of a molecule with their numbers of atoms, as "3 2H, 1 13C"; empty where all atoms are the natural mixture. */
export function isotopesInWords({
  atomicNumbers,
  isotopes,
}: Pick<Molecule, "atomicNumbers" | "isotopes">): string {
  const counts = new Map<string, number>();
  isotopes?.forEach((massNumber, a) => {
    if (massNumber === 0) return;
    const name = isotopeName(atomicNumbers[a], massNumber);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  });
  return [...counts].map(([name, count]) => `${count} ${name}`).join(", ");
}
