/** `equimol data import | fetch | make | list | show`: data sets to train on and to compare with. */
import { defineVerb } from "../verb.ts";

export const data = defineVerb({
  meta: { name: "data", description: "Data sets: bring them in, make them, look at them." },
  subCommands: {
    import: {
      summary: "molecule files of your own → a data set",
      load: async () => (await import("./data-import.ts")).importFiles,
    },
    fetch: {
      summary: "download a published data set (qm9)",
      load: async () => (await import("./data-fetch.ts")).fetchPublished,
    },
    make: {
      summary: "make a built-in data set (minimol), without network",
      load: async () => (await import("./data-fetch.ts")).makeBuiltIn,
    },
    list: { summary: "the data sets there are", load: async () => (await import("./data-show.ts")).list },
    show: {
      summary: "sizes, elements, properties and origin of one",
      load: async () => (await import("./data-show.ts")).show,
    },
  },
  examples: [
    { command: "equimol data make minimol", does: "2,500 small molecules, in a minute" },
    { command: 'equimol data import "mine/*.sdf" --name mine', does: "molecules of your own" },
    { command: "equimol train edm --data mine --out runs/mine", does: "then train on them" },
  ],
});
