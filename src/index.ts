/** The library in Node: what pages have, and all that needs files. What is not exported there is internal. */
export * from "./browser.ts";
export * from "./exports/data.ts";
export * from "./exports/files.ts";
export * from "./exports/lab.ts";
export * from "./exports/train.ts";
export * from "./exports/verbs.ts";
export * from "./exports/views.ts";
