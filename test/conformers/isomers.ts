/** Molecules of many kinds, every stereocentre and double bond of which is given. */
// biome-ignore format: a table
export const ISOMERS: readonly string[] = [
  // chains
  "C[C@H](F)Cl", "C[C@@](F)(Cl)Br", "N[C@@H](C)C(=O)O", "C[C@H](N)CO", "C[C@H]([2H])O", "OC[C@H](O)[C@@H](O)[C@H](O)CO",
  "C[C@H](O)[C@@H](C)O", "CC[C@](C)(O)C#N", "C[C@@H](O)/C=C/[C@H](F)C", "NC(=O)[C@@H](N)CC(=O)O",
  "C[C@H](Cc1ccccc1)NC", "CNC[C@H](O)c1ccc(O)c(O)c1", "CC(C)C[C@H](N)C(=O)N[C@@H](C)C(=O)O",
  "C[C@@H](S)C(=O)NCC(=O)O", "C[N@@+](CC)(CCC)c1ccccc1", "CC(C)[C@@H]1CC[C@@H](C)C[C@H]1O",
  // double bonds
  "F/C=C\\F", "C/C=C/C=C/C", "C/C=C\\C(=O)O", "C/N=N/c1ccccc1", "C/C(=N/O)c1ccccc1", "C/C=N\\O",
  "OC(=O)/C=C/c1ccccc1", "c1ccc(/C=C\\c2ccccc2)cc1", "CC/C(C)=C(/F)Cl", "C/C=C/[C@H](C)O", "N#C/C=C/c1ccco1",
  // small rings
  "C[C@@H]1O[C@H]1C", "C[C@@H]1O[C@@H]1C", "C[C@H]1CO1", "F[C@H]1C[C@@H]1C", "C[C@H]1C[C@@H](O)C1",
  "O=C1C[C@@H](C)O1", "C[C@@H]1CCCN1", "OC(=O)[C@@H]1CCCN1", "C[C@H]1CC[C@@H](C)CC1", "O[C@H]1CCCC[C@@H]1O",
  "C[C@H]1CCC(=O)O1", "OC[C@H]1O[C@@H](O)[C@H](O)[C@@H](O)[C@@H]1O", "C[C@@H]1CSC(=O)N1", "C1CC/C=C/CCC1",
  // fused, bridged and spiro rings
  "CC(=O)O[C@@H]1CC[C@]2(C)CCCC[C@H]2C1", "CC1(C)S[C@@H]2[C@H](N)C(=O)N2[C@@H]1C(=O)O",
  "[H][C@]12CCCC[C@@]1(C)CCCC2", "[H][C@]12CCCC[C@]1(C)CCCC2", "[H][C@]12CCC[C@@]1(C)CC2",
  "CC1(C)[C@]2(C)CC[C@H]1CC2=O", "O=C1C[C@H]2CC[C@@H]1C2", "C[C@H]1CC[C@]2(CCCO2)O1",
  "C[C@]12CC[C@H]3[C@H]([C@@H]1CC[C@@H]2O)CCC4=CC(=O)CC[C@]34C",
  // three neighbours and a lone pair, and what is like it
  "C[S@](=O)c1ccccc1", "C[S@@](=O)CC", "CC[S@@+](C)CCC", "C[P@](CC)c1ccccc1", "CC[P@@](C)Cl", "C[S@](=O)N(C)C",
  "C[S@](=O)[C@@H](C)CC", "CC(C)[S@@](=O)OC", "C[S@@](=O)c1ccc(Cl)cc1",
  "CC[P@](=O)(C)c1ccccc1",
];
