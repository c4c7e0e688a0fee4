// Builds dist/: the command line, its entry, the library, the workers and the descriptions as one CommonJS file each, the packages they
// need as one file each below vendor/, and the library's entry as an ES module. `--types` adds the declaration files that the package ships.
//
// CommonJS, because an ES module that imports node:http makes Node load its fetch and web streams too (a tenth of the whole
// start); one file, because what Node does for each of a hundred chunks costs more than reading what is not used yet.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type Plugin } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const output = join(root, "dist");
const scratch = join(root, ".t8s");
/** A place of its own: two commands that find the build old make it beside each other, and the last one's stays. */
const next = join(scratch, `dist-next-${process.pid}`);
mkdirSync(next, { recursive: true });
for (const name of readdirSync(scratch)) {
  const pid = /^dist-next(?:-(\d+))?$/.exec(name);
  if (pid !== null && !isAlive(Number(pid[1] ?? 0))) rmSync(join(scratch, name), { recursive: true, force: true });
}

function isAlive(pid: number): boolean {
  if (pid === 0) return false;
  try {
    return process.kill(pid, 0);
  } catch {
    return false; // nobody has this number, so its build was broken off
  }
}

/** Takes the place of `output`; another build may do so at the same time. */
function takePlace(): void {
  for (;;) {
    rmSync(output, { recursive: true, force: true });
    try {
      renameSync(next, output);
      return;
    } catch (error) {
      if (!["ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  }
}

const packages = Object.keys(
  (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { dependencies: Record<string, string> })
    .dependencies,
);

/** Packages are required from their own files, when what needs them first runs. */
const fromVendor: Plugin = {
  name: "vendor",
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
      kind !== "entry-point" && packages.includes(path) ? { path: `./vendor/${path}.js`, external: true } : undefined,
    );
  },
};

/** Descriptions of the API's types are a file of their own, since most runs never need them. */
const apart: Plugin = {
  name: "apart",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/descriptions\.ts$/ }, ({ kind }) =>
      kind === "dynamic-import" ? { path: "./descriptions.js", external: true } : undefined,
    );
  },
};

/** Tables are text until somebody reads them: to parse JSON takes a third of what V8 needs for the same literal. */
const tables: Plugin = {
  name: "tables",
  setup({ onLoad }) {
    onLoad({ filter: /\.json$/ }, ({ path }) => {
      const text = JSON.stringify(JSON.parse(readFileSync(path, "utf8")));
      return {
        loader: "js",
        contents: `const table = JSON.parse(${JSON.stringify(text)}); export { table as default };`,
      };
    });
  },
};

/** What every new cluster has, worked out now instead of at each start: see src/server/bootstrap/prepared.ts. */
const prepared: Plugin = {
  name: "prepared",
  setup({ onLoad }) {
    onLoad({ filter: /bootstrap\/prepared\.ts$/ }, async ({ path }) => {
      const text = JSON.stringify(JSON.stringify(Object.fromEntries(await settledObjects())));
      return {
        loader: "ts",
        contents: readFileSync(path, "utf8").replace('const text = "{}"', () => `const text = ${text}`),
      };
    });
  },
};

/** Two packages make buffers in a way that Node warns of anywhere but below node_modules. */
const buffers: Plugin = {
  name: "buffers",
  setup({ onLoad }) {
    onLoad({ filter: /node_modules\/(obuf|wbuf)\/index\.js$/ }, ({ path }) => ({
      loader: "js",
      contents: readFileSync(path, "utf8").replaceAll("new Buffer(", "Buffer.alloc("),
    }));
  },
};

let settling: Promise<ReadonlyMap<string, unknown>> | undefined;
const settledObjects = (): Promise<ReadonlyMap<string, unknown>> => (settling ??= settle());

async function settle(): Promise<ReadonlyMap<string, unknown>> {
  const { bootstrapRbac, settledForms } = await import("../src/server/index.ts");
  const { testServer } = await import("../src/server/testing.ts");
  const server = await testServer({ bootstrap: bootstrapRbac, priorityAndFairness: true });
  await server.close();
  return settledForms;
}

const shared = {
  absWorkingDir: root,
  outdir: next,
  bundle: true,
  platform: "node",
  target: "node24",
  sourcemap: true,
  sourcesContent: false,
  loader: { ".json": "json" },
  logLevel: "warning",
} as const satisfies BuildOptions;
const commonJs = {
  ...shared,
  format: "cjs",
  minifyWhitespace: true,
  minifySyntax: true,
  supported: { "dynamic-import": false },
} as const satisfies BuildOptions;

const [, vendor] = await Promise.all([
  build({
    ...commonJs,
    define: { "import.meta.url": "moduleUrl" },
    // The directive first: anything before it would make it an expression without effect.
    banner: { js: `"use strict";const moduleUrl=require("node:url").pathToFileURL(__filename).href;` },
    entryPoints: {
      main: "src/cmd/main.ts",
      library: "src/cmd/library/index.ts",
      "store-worker": "src/store/sqlite/worker.ts",
      "fleet-worker": "src/cmd/up/fleet-worker.ts",
      descriptions: "src/api/descriptions.ts",
      t8s: "src/cmd/launch.ts",
    },
    plugins: [fromVendor, apart, prepared, tables],
  }),
  build({
    ...commonJs,
    sourcemap: false,
    entryPoints: Object.fromEntries(packages.map((name) => [`vendor/${name}`, name])),
    plugins: [buffers],
    metafile: true,
  }),
]);

// A single character beyond ASCII, which regular expressions keep, makes Node's reading of the file take twenty times as long and the text in
// memory twice as large.
const ascii = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
for (const name of ["main.js", "library.js"])
  writeFileSync(join(next, name), readFileSync(join(next, name), "utf8").replace(/[^\0-\x7f]/g, ascii));

writeFileSync(join(next, "library.mjs"), await libraryEntry());

/** The entry has to name what it exports: a file that is read when it runs cannot be asked before. */
async function libraryEntry(): Promise<string> {
  const names = await exportsOf("src/cmd/library/index.ts");
  const own = await exportsOf("src/cmd/library/entry.ts");
  const others = names.filter((name) => !own.includes(name));
  const { outputFiles } = await build({
    ...shared,
    sourcemap: false,
    write: false,
    format: "esm",
    stdin: {
      resolveDir: join(root, "src", "cmd", "library"),
      contents: `import { library } from "./entry.ts";
        export { startCluster } from "./entry.ts";
        export const { ${others.join(", ")} } = library;`,
    },
  });
  return outputFiles[0]!.text;
}

async function exportsOf(entryPoint: string): Promise<readonly string[]> {
  const { metafile } = await build({
    ...shared,
    ...{ entryPoints: { it: entryPoint }, format: "esm", packages: "external", metafile: true, write: false },
  });
  return Object.values(metafile.outputs).find((output) => output.entryPoint === entryPoint)!.exports;
}

writeFileSync(join(next, "package.json"), `{ "type": "commonjs" }\n`);
writeFileSync(join(next, "vendor", "LICENSES.txt"), licenses(Object.keys(vendor.metafile.inputs)));

/** The licence of each package that a file is of. */
function licenses(files: readonly string[]): string {
  const homes = new Set(files.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]));
  return [...homes]
    .filter((home) => home !== undefined)
    .sort()
    .map((home) => {
      const texts = readdirSync(join(root, home)).filter((name) => /^(licen[cs]e|notice)/i.test(name));
      const { license } = JSON.parse(readFileSync(join(root, home, "package.json"), "utf8")) as { license?: string };
      const text = texts.map((name) => readFileSync(join(root, home, name), "utf8").trim()).join("\n\n");
      return `${home.replace(/^.*node_modules\//, "")} (${license ?? "see below"})\n\n${text}\n`;
    })
    .join(`\n${"-".repeat(80)}\n\n`);
}

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
  writeFileSync(join(next, "types", "package.json"), `{ "type": "module" }\n`);
}
takePlace();
