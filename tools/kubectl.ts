// kubectl for the end-to-end tests: of PATH when it is recent enough to be today's user's, else Debian's, unpacked below .t8s/bin, which
// tools/launch.mjs puts on PATH. apt-get fetches it with lists of its own, so nothing of the machine changes and nobody has to be root.
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { findProgram, installPackages } from "../src/cluster/index.ts";

const leastMinor = 30;
/** The first release of Debian that has one of these. */
const release = "trixie";
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

function isRecent(path: string | undefined): boolean {
  if (path === undefined) return false;
  const { stdout } = spawnSync(path, ["version", "--client", "--output=json"], { encoding: "utf8" });
  return Number(/"minor":\s*"(\d+)/.exec(stdout)?.[1] ?? 0) >= leastMinor;
}

/** Throws with one sentence when there is none and none can be had. */
export function bringKubectl(root: string): void {
  const path = findProgram("kubectl");
  if (isRecent(path)) return;
  const why = path === undefined ? "is missing" : `(${path}) is older than 1.${leastMinor}`;
  console.log(`kubectl ${why}: bringing the one of Debian ${release}`);
  const directory = mkdtempSync(join(tmpdir(), "t8s-kubectl-"));
  try {
    const program = fetchPackage(directory);
    mkdirSync(join(root, ".t8s", "bin"), { recursive: true });
    copyFileSync(program, join(root, ".t8s", "bin", "kubectl"));
  } catch (error) {
    throw new Error(
      `kubectl ${why} and Debian's could not be had (${(error as Error).message}): install 1.${leastMinor} or newer (https://kubernetes.io/docs/tasks/tools) and run this again`,
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Path of the program. */
function fetchPackage(directory: string): string {
  if (findProgram("apt-get") === undefined) throw new Error("there is no apt-get");
  // Debian's keys are a package of other distributions too.
  if (!existsSync(keyring) && process.getuid?.() === 0) installPackages(["debian-archive-keyring"]);
  if (!existsSync(keyring)) throw new Error("the package debian-archive-keyring is not installed");
  for (const each of ["lists/partial", "archives/partial"]) mkdirSync(join(directory, each), { recursive: true });
  const sources = join(directory, "sources.list");
  writeFileSync(sources, `deb [signed-by=${keyring}] http://deb.debian.org/debian ${release} main\n`);
  const settings = {
    "Dir::Etc::SourceList": sources,
    "Dir::Etc::SourceParts": "/dev/null",
    "Dir::State::Lists": join(directory, "lists"),
    "Dir::Cache": directory,
    // The user that apt-get would turn into cannot write here.
    "APT::Sandbox::User": "root",
    "Acquire::Languages": "none",
  };
  const words = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  succeed(spawnSync("apt-get", [...words, "update"], { cwd: directory, encoding: "utf8" }));
  succeed(spawnSync("apt-get", [...words, "download", "kubectl"], { cwd: directory, encoding: "utf8" }));
  const [archive] = globSync("*.deb", { cwd: directory });
  succeed(spawnSync("dpkg-deb", ["--extract", String(archive), directory], { cwd: directory, encoding: "utf8" }));
  const program = join(directory, "usr", "bin", "kubectl");
  if (!isRecent(program)) throw new Error("it does not run here");
  return program;
}

function succeed({ status, stderr, stdout, error }: SpawnSyncReturns<string>): void {
  if (status !== 0) throw error ?? new Error((stderr || stdout).trim().split("\n").at(-1));
}
