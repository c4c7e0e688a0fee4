// `npm test`: everything that must hold, in the order in which a mistake is cheapest to see.
//   node tools/launch.mjs tools/test.ts            all
//   node tools/launch.mjs tools/test.ts unit …     only the named stages
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { containerSupport, findProgram, installPackages } from "../src/cluster/index.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name: string): string => join(root, "node_modules", ".bin", name);

interface Stage {
  readonly name: string;
  readonly run: () => boolean;
}

function program(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { cwd: root, stdio: "inherit" }).status === 0;
}

/** Test files of a pattern in processes of their own, `at once` beside each other. */
function tests(pattern: string | readonly string[], atOnce: number): boolean {
  const files = globSync(pattern as string, { cwd: root }).sort();
  if (files.length === 0) throw new Error(`no test matches ${pattern}`);
  return program(
    process.execPath,
    "--disable-warning=ExperimentalWarning",
    "--test",
    "--test-reporter=dot",
    `--test-concurrency=${atOnce}`,
    // A guard against a test that waits for ever, far beyond what any takes.
    "--test-timeout=1500000",
    ...files,
  );
}

/** kubectl from PATH when it is recent enough to be today's user's, else Debian's. */
function bringKubectl(): void {
  const path = findProgram("kubectl");
  const version =
    path === undefined ? "" : spawnSync(path, ["version", "--client", "--output=json"], { encoding: "utf8" }).stdout;
  const minor = Number(/"minor":\s*"(\d+)/.exec(version)?.[1] ?? 0);
  if (minor >= 30 || findProgram("apt-get") === undefined || process.getuid?.() !== 0) return;
  console.log(
    `kubectl ${path === undefined ? "is missing" : `is older than 1.30`}: installing Debian's kubernetes-client`,
  );
  installPackages(["kubernetes-client"]);
}

function prepare(): boolean {
  const support = containerSupport();
  if (support.possible && support.missing.length > 0) {
    console.log(`installing ${support.missing.join(", ")}`);
    installPackages(support.missing);
  }
  if (!support.possible) console.log(`tests with real containers will fail here: ${support.why}`);
  bringKubectl();
  return true;
}

/** A few of upstream's own tests, where their programs are built already; `npm run conformance` builds them and runs all. */
function conformance(): boolean {
  const runner = join(root, "test", "conformance", "run.ts");
  return (
    tests("test/conformance/**/*.test.ts", 1) &&
    program(process.execPath, runner, "--subset", "--if-built", "--limit=10m")
  );
}

const stages: readonly Stage[] = [
  { name: "prepare", run: prepare },
  { name: "types", run: () => program(bin("tsc"), "-p", root) },
  { name: "lint", run: () => program(bin("biome"), "check", "--error-on-warnings", root) },
  { name: "tidy", run: () => tests("tools/*.test.ts", 1) },
  {
    name: "unit",
    run: () =>
      tests(["src/**/*.test.ts", "facts/**/*.test.ts", "test/{swap,chaos}/**/*.test.ts", "bench/**/*.test.ts"], 2),
  },
  { name: "corpus", run: () => tests("test/corpus/*.test.ts", 1) },
  { name: "fuzz", run: () => tests("test/fuzz/*.test.ts", 1) },
  { name: "build", run: () => program(process.execPath, join(root, "tools", "build.ts"), "--types") },
  { name: "integration", run: () => tests("test/{integration,package,states}/**/*.test.ts", 2) },
  { name: "e2e", run: () => tests("test/e2e/**/*.test.ts", 1) },
  { name: "conformance", run: conformance },
];

const wanted = process.argv.slice(2);
const began = performance.now();
for (const stage of stages.filter((each) => wanted.length === 0 || wanted.includes(each.name))) {
  const start = performance.now();
  console.log(`== ${stage.name}`);
  if (!stage.run()) {
    console.error(`${stage.name} failed; again alone: node tools/launch.mjs tools/test.ts ${stage.name}`);
    process.exit(1);
  }
  console.log(`   ${stage.name} ok in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}
console.log(`ok in ${((performance.now() - began) / 1000).toFixed(1)} s`);
