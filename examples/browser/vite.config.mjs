// Of the development server: the package as it is, for its modules and workers lie beside its code, and what it depends on
// bundled before the page asks for it; and memory that threads can share.
export default {
  optimizeDeps: {
    exclude: ["equimol"],
    include: ["equimol > @jax-js/jax", "equimol > openchemlib", "equimol > picocolors", "equimol > zod"],
  },
  server: {
    headers: { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" },
  },
};
