import { defineConfig } from "vite";

// The server that `npm run dev` talks to: `pluto server --auth off` or `pluto ui`.
const server = "http://127.0.0.1:3000";

export default defineConfig({
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  build: {
    outDir: "../pluto/server/web",
    emptyOutDir: true,
    sourcemap: false,
    target: "es2022",
    // Every asset stays a file of its own: the page runs under `default-src 'self'`.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": { target: server, changeOrigin: true } } },
});
