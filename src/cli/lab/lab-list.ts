/** `equimol lab list`: the models and the data of the lab. */
import { LAB_DATA } from "../../lab/data/catalog.ts";
import { LAB_KINDS } from "../../lab/models/kinds.ts";
import { section } from "../help.ts";
import { commonOptions } from "../options/options.ts";
import { createOutput } from "../output.ts";
import { defineVerb } from "../verb.ts";

export const labList = defineVerb({
  meta: { name: "list", description: "List the models and the data of the lab." },
  args: commonOptions,
  run: ({ args }) => {
    const output = createOutput(args);
    output.result({
      models: LAB_KINDS.map(({ name, title, source }) => ({ name, title, source })),
      data: Object.entries(LAB_DATA).map(([name, description]) => ({ name, description })),
    });
    output.print(
      [
        section(
          "Models",
          LAB_KINDS.map(({ name, title, source }) => [name, `${title} (${source})`]),
          output.colours,
        ),
        section(
          "Data",
          [
            ...Object.entries(LAB_DATA),
            ["FILE", "points of your own: one in each line, numbers apart by commas or spaces"],
          ],
          output.colours,
        ),
      ].join("\n\n"),
    );
  },
});
