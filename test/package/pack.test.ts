// The package as its users get it: packed, installed into an empty project, type-checked against what it ships, and run as plain
// JavaScript. Needs the build: node tools/build.ts --types
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const project = mkdtempSync(join(tmpdir(), "typernetes-package-"));
after(() => rmSync(project, { recursive: true, force: true }));

function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8" });
  assert.equal(status, 0, `${command} ${args.join(" ")} failed: ${error?.message ?? ""}${stderr}${stdout}`);
  return stdout;
}

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}
let packed: Packed;

before(() => {
  assert.ok(existsSync(join(root, "dist", "types")), "there is no build with types: node tools/build.ts --types");
  const output = run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", project], root);
  packed = (JSON.parse(output) as Packed[])[0]!;
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", `./${packed.filename}`], project);
});

test("it holds what it needs and nothing of the workshop", () => {
  const paths = packed.files.map((file) => file.path);
  for (const needed of [
    "package.json",
    "LICENSE",
    "t8s",
    "dist/t8s.js",
    "dist/library.mjs",
    "dist/library.js",
    "dist/descriptions.js",
    "dist/fleet-worker.js",
    "dist/store-worker.js",
  ])
    assert.ok(paths.includes(needed), `${needed} is missing`);
  const strange = paths.filter((path) => /^(src|test|bench|facts|node_modules)\/|\.test\.|\.cache\//.test(path));
  assert.deepEqual(strange, []);
});

const program = `import { type Cluster, type Deployment, deployments, isNotFound, type NewObject, pods, startCluster } from "typernetes";

const web: NewObject<Deployment> = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "default" },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: "web" } },
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image: "web:1" }] } },
  },
};

async function main(): Promise<void> {
  const cluster: Cluster = await startCluster({ nodes: 2 });
  await cluster.client.of(deployments).create(web);
  const available: number = await cluster.waitFor(async () => {
    const { status } = await cluster.client.of(deployments).get({ namespace: "default", name: "web" });
    return status?.availableReplicas === 2 && status.availableReplicas;
  }, { timeoutMs: 60_000 });
  const names: string[] = (await cluster.client.of(pods).list()).items.map((pod) => pod.metadata.name);
  const missing: unknown = await cluster.client.of(pods).get({ namespace: "default", name: "no" }).catch((error: unknown) => error);
  console.log(JSON.stringify({ available, pods: names.length, notFound: isNotFound(missing) }));
  await cluster.stop();
}
await main();
`;

/** Type-checks and compiles one file of the project as its user would. */
function compile(file: string): { readonly status: number | null; readonly stdout: string } {
  const compilerOptions = {
    ...{ module: "nodenext", target: "es2024", lib: ["es2024", "esnext.disposable", "dom"], types: [] },
    ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false },
  };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: [file] }));
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  return spawnSync(process.execPath, [tsc, "-p", project], { cwd: project, encoding: "utf8" });
}

test("its types fit a strict program, which then runs a cluster and ends by itself", () => {
  writeFileSync(join(project, "program.mts"), program);
  const { status, stdout } = compile("program.mts");
  assert.equal(status, 0, stdout);
  const output = run(process.execPath, ["program.mjs"], project);
  assert.deepEqual(JSON.parse(output), { available: 2, pods: 2, notFound: true });
});

test("a mistake is caught by the types", () => {
  writeFileSync(join(project, "wrong.mts"), program.replace("replicas: 2", 'replicas: "two"'));
  const { status, stdout } = compile("wrong.mts");
  assert.notEqual(status, 0);
  assert.match(stdout, /Type 'string' is not assignable to type 'number'/);
});

const home = join(project, "node_modules", "typernetes", "dist");

/** The one file of compiled code that its user's name begins. */
function codeOf(user: string): string {
  const names = readdirSync(join(home, ".cache")).filter((name) => name.startsWith(`${user}-`));
  assert.equal(names.length, 1, names.join());
  return join(home, ".cache", names[0]!);
}

/** What is run without compiled code, with what it has kept of it, and with what is no longer whole. */
function keepsCode(user: string, runOnce: () => string): void {
  const first = runOnce();
  const kept = readFileSync(codeOf(user));
  assert.equal(runOnce(), first);
  assert.ok(kept.equals(readFileSync(codeOf(user))), "what fits is not written again");
  for (const damaged of [
    kept.subarray(0, 2),
    kept.subarray(0, -9),
    kept.with(kept.length >> 1, 255 - kept.at(kept.length >> 1)!),
  ]) {
    writeFileSync(codeOf(user), damaged);
    assert.equal(runOnce(), first);
    assert.ok(!readFileSync(codeOf(user)).equals(damaged), "what does not fit is written again");
  }
}

test("its command says the same without compiled code, with what it has kept of it, and with what is no longer whole", () => {
  const version = (): string => run(process.execPath, [join(home, "t8s.js"), "version"], project);
  assert.match(version(), /^t8s /);
  keepsCode("brief", version);
});

test("so does the library, which keeps nothing of a process that has had no whole cluster", () => {
  rmSync(join(home, ".cache"), { recursive: true });
  const part = "startCluster({ nodes: 0, controllers: [] }).then((cluster) => cluster.stop())";
  run(process.execPath, ["--eval", `import('typernetes').then(({ startCluster }) => ${part})`], project);
  assert.ok(!existsSync(join(home, ".cache")));
  writeFileSync(
    join(project, "cluster.mjs"),
    `import { isNotFound, pods, startCluster } from "typernetes";
    await using cluster = await startCluster();
    await cluster.client.of(pods).get({ namespace: "default", name: "no" }).catch((error) => console.log(isNotFound(error)));`,
  );
  keepsCode("library", () => run(process.execPath, ["cluster.mjs"], project));
});

test("an older Node is told what it lacks", () => {
  const pretend = 'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "22.1.0" } });';
  const words = ["--eval", `${pretend} import("typernetes").catch(({ message }) => console.log(message))`];
  const said = run(process.execPath, words, project);
  assert.equal(
    said,
    `typernetes needs Node 24 or newer, and this is 22.1.0 (${process.execPath}): run this with a newer one\n`,
  );
});

test("in a realm of its own the library is of that realm", () => {
  writeFileSync(
    join(project, "realm.mjs"),
    `import { readFileSync } from "node:fs";
    import { createContext, SourceTextModule, SyntheticModule } from "node:vm";
    const file = import.meta.resolve("typernetes");
    const context = createContext({});
    const module = new SourceTextModule(readFileSync(new URL(file), "utf8"), {
      context, identifier: file, initializeImportMeta: (meta) => { meta.url = file; },
    });
    let asked;
    const builtins = {
      "node:module": { createRequire: () => (path) => { asked = path; return { startCluster: () => {} }; } },
    };
    await module.link(async (name) => {
      const found = builtins[name] ?? (await import(name));
      return new SyntheticModule(Object.keys(found), function () {
        for (const each of Object.keys(found)) this.setExport(each, found[each]);
      }, { context });
    });
    await module.evaluate();
    console.log(asked.endsWith("library.js"));`,
  );
  assert.match(run(process.execPath, ["--no-warnings", "--experimental-vm-modules", "realm.mjs"], project), /^true$/m);
});
