import { build, defineConfig, type Plugin } from "vite";

// The server that `npm run dev` talks to: `pluto server --auth off` or `pluto ui`.
const server = "http://127.0.0.1:3000";

const esbuild = { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" } as const;
const target = "es2022";

/** Builds the page that `pluto export` writes: one classic script, because files cannot load modules. */
function exportedPage(): Plugin {
  return {
    name: "exported-page",
    apply: "build",
    async generateBundle() {
      const output = {
        format: "iife",
        inlineDynamicImports: true,
        entryFileNames: "pluto.js",
        assetFileNames: "pluto[extname]",
      } as const;
      const built = await build({
        configFile: false,
        logLevel: "warn",
        publicDir: false,
        esbuild,
        build: {
          write: false,
          target,
          cssCodeSplit: false,
          modulePreload: false,
          rollupOptions: { input: "src/export/main.ts", output },
        },
      });
      if (!("output" in built)) throw new Error("the exported page was not built");
      for (const file of built.output) {
        const source = file.type === "chunk" ? file.code : file.source;
        this.emitFile({ type: "asset", fileName: `export/${file.fileName}`, source });
      }
    },
  };
}

export default defineConfig({
  esbuild,
  plugins: [exportedPage()],
  build: {
    outDir: "../pluto/server/web",
    emptyOutDir: true,
    sourcemap: false,
    target,
    // Every asset stays a file of its own: the page runs under `default-src 'self'`.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": { target: server, changeOrigin: true } } },
});
