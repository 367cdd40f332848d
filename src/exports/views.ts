/** Pictures and pages. */
export { galleryHtml } from "../views/gallery.ts";
export { writeShowcase } from "../views/showcase.ts";
export { type PageContent, simulationPage } from "../views/simulation-page.ts";
export { moleculeStrip } from "../views/strip.ts";
