"""RDKit of the system as the judge of stereochemistry, in a process of its own.

Reads lines "SMILES<tab>name" from the first file and conformers "name conformer k" from the second (SDF); prints JSON:
for each name, how many conformers are the asked isomer and what the others are. Exit code 77: there is no RDKit.
"""
import json
import sys

try:
    from rdkit import Chem, RDLogger
except ImportError:
    sys.exit(77)
RDLogger.DisableLog("rdApp.*")


def lone_pair_centres_agree(asked, conformer):
    """Phosphorus and arsenic of three neighbours, which RDKit does not assign from positions: by the definition of its tag.

    Atoms of the record are those of the SMILES in order, hydrogens behind them.
    """
    for atom in asked.GetAtoms():
        if atom.GetAtomicNum() not in (15, 33) or atom.GetTotalDegree() != 3 or not atom.HasProp("_CIPCode"):
            continue
        here = conformer.GetAtomPosition(atom.GetIdx())
        others = [conformer.GetAtomPosition(b.GetOtherAtomIdx(atom.GetIdx())) - here for b in atom.GetBonds()]
        volume = others[0].DotProduct(others[1].CrossProduct(others[2]))
        if (volume > 0) != (atom.GetChiralTag() == Chem.ChiralType.CHI_TETRAHEDRAL_CCW) or abs(volume) < 0.1:
            return False
    return True


def without_lone_pairs(molecule):
    """The SMILES without the centres that are judged apart."""
    for atom in molecule.GetAtoms():
        if atom.GetAtomicNum() in (15, 33) and atom.GetTotalDegree() == 3:
            atom.SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)
    return Chem.MolToSmiles(molecule)


def main():
    smiles, sdf = sys.argv[1:3]
    asked = dict(reversed(line.rstrip("\n").split("\t")) for line in open(smiles))
    report = {name: {"right": 0, "wrong": []} for name in asked}
    for record in Chem.SDMolSupplier(sdf, removeHs=False):
        name = record.GetProp("_Name").rsplit(" conformer ", 1)[0]
        Chem.AssignStereochemistryFrom3D(record)
        whole = Chem.AddHs(Chem.MolFromSmiles(asked[name]))
        same_atoms = [a.GetAtomicNum() for a in whole.GetAtoms()] == [a.GetAtomicNum() for a in record.GetAtoms()]
        found = without_lone_pairs(Chem.RemoveHs(record))
        wanted = without_lone_pairs(Chem.MolFromSmiles(asked[name]))
        if same_atoms and found == wanted and lone_pair_centres_agree(whole, record.GetConformer()):
            report[name]["right"] += 1
        else:
            report[name]["wrong"].append(found)
    print(json.dumps(report))


main()
