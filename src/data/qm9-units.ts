/** Units of the properties of QM9 (Ramakrishnan et al. 2014). */
import type { DatasetInfo } from "./dataset-info.ts";

/** Units of the 15 properties. */
export const QM9_UNITS: Readonly<Record<string, string>> = {
  ...{ A: "GHz", B: "GHz", C: "GHz", mu: "D", alpha: "a0³", r2: "a0²", Cv: "cal/(mol K)" },
  ...Object.fromEntries(
    ["homo", "lumo", "gap", "zpve", "U0", "U", "H", "G"].map((name) => [name, "Hartree"]),
  ),
};

/** Unit of a property: as the data set says, else QM9's where it has all the properties of QM9 by their names. */
export function unitOf({ properties }: Pick<DatasetInfo, "properties">, name: string): string | undefined {
  const isQm9 = Object.keys(QM9_UNITS).every((known) => Object.hasOwn(properties, known));
  return properties[name]?.unit ?? (isQm9 ? QM9_UNITS[name] : undefined);
}
