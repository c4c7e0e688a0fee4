// `npm test`: everything that must hold, the cheapest to see first.
//   node tools/launch.mjs tools/test.ts            all
//   node tools/launch.mjs tools/test.ts unit …     only the named stages
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { containerSupport, installPackages } from "../src/cluster/index.ts";
import { bringKubectl } from "./kubectl.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name: string): string => join(root, "node_modules", ".bin", name);

interface Stage {
  readonly name: string;
  readonly run: () => boolean | Promise<boolean>;
}

const children = new Set<ChildProcess>();
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => {
    for (const child of children) child.kill(signal);
    process.exit(1);
  });

async function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<boolean> {
  const child = spawn(command, args, { cwd: root, stdio: "inherit", env });
  children.add(child);
  const [status] = await once(child, "exit");
  children.delete(child);
  return status === 0;
}
const program = (command: string, ...args: string[]): Promise<boolean> => run(command, args);

/** All run to their end, so that one run tells of every mistake. */
const beside = async (...runs: readonly Promise<boolean>[]): Promise<boolean> =>
  (await Promise.all(runs)).every((passed) => passed);

/** What one test file has compiled the next one need not: most of them load the same modules. For this run alone. */
const compiled = mkdtempSync(join(tmpdir(), "t8s-test-"));
process.once("exit", () => rmSync(compiled, { recursive: true, force: true }));

interface TestFiles {
  /** How many processes at a time. */
  readonly atOnce: number;
  readonly except?: readonly string[];
  /** Of node, for the tests' processes. */
  readonly flags?: readonly string[];
  /** The command that end-to-end tests start keeps its compiled code in its own place. */
  readonly cached?: false;
}

/** Test files of a pattern, each in a process of its own. */
function tests(
  pattern: string | readonly string[],
  { atOnce, except = [], flags = [], cached }: TestFiles,
): Promise<boolean> {
  const files = globSync(pattern as string, { cwd: root, exclude: except }).sort();
  if (files.length === 0) throw new Error(`no test matches ${pattern}`);
  const words = [
    "--disable-warning=ExperimentalWarning",
    ...flags,
    "--test",
    "--test-reporter=dot",
    `--test-concurrency=${atOnce}`,
    // A guard against a test that waits for ever, far beyond what any takes.
    "--test-timeout=1500000",
    ...files,
  ];
  return run(
    process.execPath,
    words,
    cached === false ? process.env : { ...process.env, NODE_COMPILE_CACHE: compiled },
  );
}

/** What cannot be had is told in one sentence, without the place in this program that says it. */
function prepare(): boolean {
  try {
    bringPrograms();
    return true;
  } catch (error) {
    console.error((error as Error).message);
    return false;
  }
}

/** Why this machine has no real containers; undefined when it has. What needs them is not run then, and it says so. */
const support = containerSupport();
const withoutContainers = support.possible ? undefined : support.why;

function bringPrograms(): void {
  if (support.possible && support.missing.length > 0) {
    console.log(`installing ${support.missing.join(", ")}`);
    installPackages(support.missing);
  }
  if (withoutContainers !== undefined)
    console.log(`tests with real containers and real networks are not run here: ${withoutContainers}`);
  bringKubectl(root);
}

/** A few of upstream's own tests, where their programs are built already; `npm run conformance` builds them and runs all. */
async function conformance(): Promise<boolean> {
  const runner = join(root, "test", "conformance", "run.ts");
  return (
    (await tests("test/conformance/**/*.test.ts", { atOnce: 1 })) &&
    program(process.execPath, runner, "--subset", "--if-built", "--limit=10m")
  );
}

/** They wait more than they compute: for a disk, a container runtime, packets, processes that they start. */
const waiting = ["src/{store,sim,runtime}/**/*.test.ts", "src/{network,kubelet}/**/node/*.test.ts"];

/** Of those, what makes networks of its own. */
const packets = "src/network/proxy/node/nft-backend.test.ts";

const unit = (): Promise<boolean> =>
  beside(
    tests(waiting, { atOnce: 2, except: withoutContainers === undefined ? [] : [packets] }),
    tests(["src/**/*.test.ts", "facts/**/*.test.ts", "test/{swap,chaos}/**/*.test.ts", "bench/**/*.test.ts"], {
      atOnce: 2,
      except: waiting,
    }),
  );

/** Only clusters of their own, which share a machine; the others look at the machine itself, or break what is on it. */
const neighbours = "test/e2e/{kubectl,network,workloads}.test.ts";

async function endToEnd(): Promise<boolean> {
  const cached = false;
  if (withoutContainers !== undefined)
    return tests("test/e2e/lifecycle.test.ts", { atOnce: 1, flags: ["--test-name-pattern=simulated"], cached });
  return (
    (await tests(neighbours, { atOnce: 2, cached })) &&
    tests("test/e2e/**/*.test.ts", { atOnce: 1, except: [neighbours], cached })
  );
}

/**
 * Steps, one after the other; of a step lanes, beside each other; of a lane stages, one after the other. What starts clusters mostly waits, and
 * leaves the processor to what computes.
 */
const steps: readonly (readonly (readonly Stage[])[])[] = [
  [[{ name: "prepare", run: prepare }]],
  [
    [{ name: "types", run: () => program(bin("tsc"), "-p", root) }],
    [{ name: "lint", run: () => program(bin("biome"), "check", "--error-on-warnings", root) }],
    [{ name: "tidy", run: () => tests("tools/*.test.ts", { atOnce: 1 }) }],
  ],
  [[{ name: "build", run: () => program(process.execPath, join(root, "tools", "build.ts"), "--types") }]],
  [
    [
      { name: "unit", run: unit },
      { name: "fuzz", run: () => tests("test/fuzz/*.test.ts", { atOnce: 2, flags: ["--expose-gc"] }) },
      { name: "corpus", run: () => tests("test/corpus/*.test.ts", { atOnce: 1 }) },
      { name: "integration", run: () => tests("test/{integration,package,states}/**/*.test.ts", { atOnce: 2 }) },
    ],
    [
      { name: "e2e", run: endToEnd },
      { name: "conformance", run: conformance },
    ],
  ],
];

const seconds = (sinceMs: number): string => `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;

async function runStage({ name, run: body }: Stage): Promise<boolean> {
  const start = performance.now();
  console.log(`== ${name}`);
  const passed = await body();
  if (passed) console.log(`   ${name} ok in ${seconds(start)}`);
  else console.error(`${name} failed; again alone: node tools/launch.mjs tools/test.ts ${name}`);
  return passed;
}

async function runLane(lane: readonly Stage[]): Promise<boolean> {
  for (const stage of lane)
    if ((wanted.length === 0 || wanted.includes(stage.name)) && !(await runStage(stage))) return false;
  return true;
}

const wanted = process.argv.slice(2);
const known = steps.flat(2).map(({ name }) => name);
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`no stage ${unknown.join(", ")}; there are ${known.join(", ")}`);
  process.exit(2);
}
const began = performance.now();
for (const lanes of steps) if (!(await beside(...lanes.map(runLane)))) process.exit(1);
console.log(
  `ok in ${seconds(began)}${withoutContainers === undefined ? "" : `, without real containers: ${withoutContainers}`}`,
);
