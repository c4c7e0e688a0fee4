// Builds dist/: one bundle with lazily loaded chunks for the command line, the library entry and the store's worker.
// `--types` adds the declaration files that the package ships.
import { spawnSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const output = join(root, "dist");
const next = join(root, ".t8s", "dist-next");
rmSync(next, { recursive: true, force: true });
mkdirSync(next, { recursive: true });

await build({
  absWorkingDir: root,
  entryPoints: {
    main: "src/cmd/main.ts",
    library: "src/cmd/library/index.ts",
    "store-worker": "src/store/sqlite/worker.ts",
  },
  outdir: next,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node24",
  packages: "external",
  chunkNames: "chunks/[name]-[hash]",
  sourcemap: true,
  sourcesContent: false,
  loader: { ".json": "json" },
  logLevel: "warning",
});
// The entry turns on V8's compile cache before anything else is loaded.
writeFileSync(
  join(next, "t8s.js"),
  `import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";
enableCompileCache(fileURLToPath(new URL("./.cache", import.meta.url)));
await import("./main.js");
`,
);
if (process.argv.includes("--types")) {
  const result = spawnSync(
    process.execPath,
    [
      join(root, "node_modules", "typescript", "bin", "tsc"),
      "-p",
      join(root, "tsconfig.types.json"),
      "--outDir",
      join(next, "types"),
    ],
    { cwd: root, stdio: "inherit" },
  );
  if (result.status !== 0) process.exit(1);
}
rmSync(output, { recursive: true, force: true });
renameSync(next, output);
