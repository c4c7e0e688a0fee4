// Puts in place what the project needs and then runs it. Plain JavaScript that any Node from 18 on understands, because
// bringing a newer Node is its first step.
//
//   node tools/launch.mjs t8s ARGS…      builds when sources are newer than dist/, runs dist/t8s.js
//   node tools/launch.mjs FILE.ts ARGS…  runs a tool of this repository
//
// Steps: Node ≥ 24 (the machine's, or the pinned npm package below .t8s/), locked dependencies, build. Each is skipped
// when it is done; what happens is said on stderr.
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const leastNodeMajor = 24;
const nodeVersion = "26.10.0";
/** Needs nothing that a small Debian lacks, so it is there where the other one cannot start and nothing may be installed. */
const plainNodeVersion = "24.21.0";
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
  if (result.error?.code === "ENOENT")
    fail(`could not ${what}: npm is missing; install it (for example: apt-get install npm) and run this again`);
  if (result.error || result.status !== 0)
    fail(`could not ${what}: npm ${args[0]} failed${result.error ? ` (${result.error.message})` : ""}; check the network and the npm registry setting, then run this again`);
}

const starts = (binary) => spawnSync(binary, ["--version"], { stdio: "ignore" }).status === 0;

/** Node from 25 on is linked against libatomic, which comes with a compiler and not with a small Debian or Ubuntu. */
function bringLibrary() {
  if (process.platform !== "linux" || process.getuid() !== 0) return;
  say("installing libatomic1, which that Node needs");
  const aptGet = (...args) =>
    spawnSync("apt-get", ["-o", "DPkg::Lock::Timeout=60", ...args], { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" }, stdio: "ignore" });
  const install = () => aptGet("install", "-y", "--no-install-recommends", "libatomic1").status === 0;
  if (!install()) {
    aptGet("update");
    install();
  }
}

/** Whether it could be done: a package that root has installed is not this user's to write to. */
function unlessForbidden(write) {
  try {
    write();
    return true;
  } catch (error) {
    if (["EACCES", "EPERM", "EROFS"].includes(error.code)) return false;
    throw error;
  }
}

/** Path of a Node that is new enough. */
function bringNode() {
  const own = process.versions.node;
  if (Number(own.split(".")[0]) >= leastNodeMajor) return process.execPath;
  const home = join(state, "node");
  const version = join(home, "version");
  const binary = join(home, "node_modules", ".bin", "node");
  if (existsSync(binary) && existsSync(version) && [nodeVersion, plainNodeVersion].includes(readFileSync(version, "utf8"))) return binary;
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  const bring = (wanted) => {
    if (!unlessForbidden(() => mkdirSync(home, { recursive: true })))
      fail(`Node ${own} is older than ${leastNodeMajor} and this user may not write to ${root}, where a newer one would go: run this once as who may, or with a newer Node`);
    npm(["install", "--prefix", home, "--no-save", `${name}@${wanted}`], `bring Node ${wanted}`);
    writeFileSync(version, wanted);
  };
  say(`Node ${own} is older than ${leastNodeMajor}: bringing Node ${nodeVersion} (npm package ${name})`);
  bring(nodeVersion);
  if (!starts(binary)) bringLibrary();
  if (starts(binary)) return binary;
  say(`Node ${nodeVersion} does not start here, on Debian and Ubuntu for want of the package libatomic1: bringing Node ${plainNodeVersion}`);
  bring(plainNodeVersion);
  if (starts(binary)) return binary;
  rmSync(version);
  return fail(`Node ${plainNodeVersion} does not start either (try ${binary} --version): install Node ${leastNodeMajor} or newer and run this again`);
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

const node = bringNode();
// Else the next start looks again.
unlessForbidden(() => {
  mkdirSync(state, { recursive: true });
  writeFileSync(join(state, "node-path"), `${node}\n`);
});
const [what, ...rest] = process.argv.slice(2);
if (what === undefined) fail("usage: node tools/launch.mjs t8s|FILE.ts [ARGUMENT…]");
if (inCheckout) installDependencies();
if (what === "t8s" && inCheckout) build(node);
const script = what === "t8s" ? join(root, "dist", "t8s.js") : join(root, what);
const path = [dirname(node), join(root, "node_modules", ".bin"), join(state, "bin"), process.env.PATH ?? ""].join(":");
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
