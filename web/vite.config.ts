// One script and one style, which `auditor/report/html.py` puts into each report: nothing is loaded from elsewhere.
import { defineConfig } from "vite";

export default defineConfig({
  define: { "process.env.NODE_ENV": JSON.stringify("production") },
  build: {
    target: "es2022",
    outDir: "../auditor/report/web",
    emptyOutDir: true,
    cssCodeSplit: false,
    modulePreload: false,
    minify: true,
    lib: { entry: "src/main.tsx", formats: ["iife"], name: "report", fileName: () => "app.js", cssFileName: "app" },
  },
});
