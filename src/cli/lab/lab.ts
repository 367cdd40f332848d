/** `equimol lab`: generative models that are small, exact and readable, on data one can see. */
import { defineVerb } from "../verb.ts";

export const lab = defineVerb({
  meta: {
    name: "lab",
    description:
      "The generative-model lab: small models on data one can see, from auto-encoders to diffusion.",
  },
  subCommands: {
    list: { summary: "the models and the data", load: async () => (await import("./lab-list.ts")).labList },
    train: {
      summary: "train a model; ends with its picture",
      load: async () => (await import("./lab-train.ts")).labTrain,
    },
    sample: {
      summary: "new rows from a trained model",
      load: async () => (await import("./lab-sample.ts")).labSample,
    },
    evaluate: {
      summary: "likelihood, and distance of samples to the data",
      load: async () => (await import("./lab-evaluate.ts")).labEvaluate,
    },
    compare: {
      summary: "all models for the same time: one table, one figure",
      load: async () => (await import("./lab-compare.ts")).labCompare,
    },
    figure: {
      summary: "a figure of the textbooks",
      load: async () => (await import("./lab-figure.ts")).labFigure,
    },
  },
  examples: [
    { command: "equimol lab list", does: "what there is" },
    { command: "equimol lab train ddpm --data two-moons", does: "a diffusion model in a minute or two" },
    { command: "equimol lab evaluate --model runs/lab/ddpm-two-moons", does: "measured again" },
  ],
});
