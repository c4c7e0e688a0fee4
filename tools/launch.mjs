// Puts in place what the project needs and then runs it. Plain JavaScript that any Node from 18 on understands, because
// bringing a newer Node is its first step.
//
//   node tools/launch.mjs t8s ARGS…      builds when sources are newer than dist/, runs dist/t8s.js
//   node tools/launch.mjs FILE.ts ARGS…  runs a tool of this repository
//
// Steps: Node ≥ 24 (the machine's, or the pinned npm package below .t8s/), locked dependencies, build. Each is skipped
// when it is done; what happens is said on stderr.
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const leastNodeMajor = 24;
const nodeVersion = "26.10.0";
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const state = join(root, ".t8s");
const inCheckout = existsSync(join(root, "src"));

const say = (text) => process.stderr.write(`t8s: ${text}\n`);
const fail = (text) => {
  say(text);
  process.exit(1);
};

function npm(args, what) {
  const windows = process.platform === "win32";
  const result = spawnSync(windows ? "npm.cmd" : "npm", [...args, "--no-fund", "--no-audit", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
    shell: windows,
  });
  if (result.error || result.status !== 0)
    fail(`could not ${what}: npm ${args[0]} failed${result.error ? ` (${result.error.message})` : ""}; check the network and the npm registry setting, then run this again`);
}

/** Path of a Node that is new enough. */
function bringNode() {
  if (Number(process.versions.node.split(".")[0]) >= leastNodeMajor) return process.execPath;
  const home = join(state, "node");
  const binary = join(home, "node_modules", ".bin", "node");
  if (existsSync(binary) && existsSync(join(home, "version")) && readFileSync(join(home, "version"), "utf8") === nodeVersion) return binary;
  const platform = process.platform === "win32" ? "win" : process.platform;
  const name = `node-${platform}-${process.arch}`;
  say(`Node ${process.versions.node} is older than ${leastNodeMajor}: bringing Node ${nodeVersion} (npm package ${name})`);
  mkdirSync(home, { recursive: true });
  npm(["install", "--prefix", home, "--no-save", `${name}@${nodeVersion}`], `bring Node ${nodeVersion}`);
  writeFileSync(join(home, "version"), nodeVersion);
  return binary;
}

const same = (a, b) => existsSync(a) && existsSync(b) && readFileSync(a, "utf8") === readFileSync(b, "utf8");

function installDependencies() {
  const lock = join(root, "package-lock.json");
  const installed = join(state, "installed-lock.json");
  if (same(lock, installed) && existsSync(join(root, "node_modules"))) return;
  say("installing the locked dependencies");
  npm(["ci", "--ignore-scripts"], "install the dependencies");
  copyFileSync(lock, installed);
}

function newest(path) {
  const info = statSync(path);
  if (!info.isDirectory()) return info.mtimeMs;
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), info.mtimeMs);
}

function build(node) {
  const output = join(root, "dist", "t8s.js");
  const inputs = ["src", "facts", join("tools", "build.ts")].map((name) => join(root, name));
  if (existsSync(output) && statSync(output).mtimeMs >= Math.max(...inputs.map(newest))) return;
  say("building");
  const result = spawnSync(node, [join(root, "tools", "build.ts")], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
  if (result.status !== 0) fail("the build failed; its messages stand above");
}

mkdirSync(state, { recursive: true });
const node = bringNode();
writeFileSync(join(state, "node-path"), `${node}\n`);
const [what, ...rest] = process.argv.slice(2);
if (what === undefined) fail("usage: node tools/launch.mjs t8s|FILE.ts [ARGUMENT…]");
if (inCheckout) installDependencies();
if (what === "t8s" && inCheckout) build(node);
const script = what === "t8s" ? join(root, "dist", "t8s.js") : join(root, what);
const path = `${dirname(node)}:${join(root, "node_modules", ".bin")}:${process.env.PATH ?? ""}`;
// As in the script t8s.
const young = ["--min-semi-space-size=8"];
let memory = {};
if (what === "t8s" && rest[0] === "apiserver") {
  young.push("--max-semi-space-size=8", "--heap-growing-percent=220");
  memory = { MALLOC_ARENA_MAX: "1", MALLOC_MMAP_THRESHOLD_: "1048576", MALLOC_TRIM_THRESHOLD_: "4194304" };
}
const child = spawn(node, ["--disable-warning=ExperimentalWarning", ...young, script, ...rest], {
  stdio: "inherit",
  env: process.platform === "win32" ? process.env : { ...memory, ...process.env, PATH: path },
});
// A signal to this process alone is passed on; one that a terminal sends to the whole group arrives twice, which does no harm.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
