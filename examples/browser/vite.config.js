// Of the development server: the package as it is, for its modules and workers lie beside its code; and memory that
// threads can share.
export default {
  optimizeDeps: { exclude: ["equimol"] },
  server: {
    headers: { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" },
  },
};
