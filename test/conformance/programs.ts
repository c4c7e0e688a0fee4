// Upstream's programs that judge a cluster: built once from the Go module beside this file, kept outside the repository, built anew only when
// the module changes. They are unmodified; nothing of the product is made from them.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const moduleDirectory = join(dirname(fileURLToPath(import.meta.url)), "go");

/** Where everything of these runs is kept: programs, images, results, the cluster's data (XDG base directory specification). */
export const cacheDirectory = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "t8s", "conformance");
export const binDirectory = join(cacheDirectory, "bin");

const packages = {
  "e2e.test": "k8s.io/kubernetes/test/e2e",
  ginkgo: "github.com/onsi/ginkgo/v2/ginkgo",
  kubectl: "k8s.io/kubernetes/cmd/kubectl",
  agnhost: "k8s.io/kubernetes/test/images/agnhost",
  nonewprivs: "k8s.io/kubernetes/test/images/nonewprivs",
  "sample-apiserver": "k8s.io/sample-apiserver",
} as const;

type Program = keyof typeof packages;
const programs = Object.keys(packages) as readonly Program[];

/** Of what the programs are made. */
function moduleDigest(): string {
  const hash = createHash("sha256");
  for (const file of ["go.mod", "go.sum", "tools.go"]) hash.update(readFileSync(join(moduleDirectory, file)));
  return hash.digest("hex");
}

const stampOf = (program: Program): string => join(binDirectory, `.${program}.inputs`);

const isBuilt = (program: Program, digest: string): boolean =>
  existsSync(join(binDirectory, program)) &&
  existsSync(stampOf(program)) &&
  readFileSync(stampOf(program), "utf8") === digest;

/** Whether a run can begin without building anything. */
export function programsAreBuilt(): boolean {
  const digest = moduleDigest();
  return programs.every((program) => isBuilt(program, digest));
}

/** The version that a release of upstream would carry: kubectl refuses to compare an unstamped one. */
function versionFlags(): string {
  const version = /k8s\.io\/kubernetes (v\S+)/.exec(readFileSync(join(moduleDirectory, "go.mod"), "utf8"))?.[1] ?? "";
  const [major, minor] = version.slice(1).split(".");
  const values = { gitVersion: version, gitMajor: major, gitMinor: minor, gitTreeState: "clean", gitCommit: "unknown" };
  const packagesWithVersion = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"];
  return packagesWithVersion
    .flatMap((name) => Object.entries(values).map(([key, value]) => `-X ${name}.${key}=${value}`))
    .join(" ");
}

/** Builds what is missing or out of date. Throws with one sentence when the machine has no Go. */
export function buildPrograms(say: (line: string) => void): void {
  const digest = moduleDigest();
  const missing = programs.filter((program) => !isBuilt(program, digest));
  if (missing.length === 0) return;
  if (spawnSync("go", ["version"]).error !== undefined)
    throw new Error(
      "building upstream's conformance programs needs Go 1.26 or later, and there is no go on PATH: install it, or give a ready binary with --e2e-test PATH",
    );
  mkdirSync(binDirectory, { recursive: true });
  for (const program of missing) {
    say(`building ${program} (${packages[program]})`);
    const verb = program === "e2e.test" ? ["test", "-c", "-vet=off"] : ["build"];
    const args = [...verb, "-ldflags", versionFlags(), "-o", join(binDirectory, program), packages[program]];
    const { status } = spawnSync("go", args, {
      cwd: moduleDirectory,
      env: { ...process.env, CGO_ENABLED: "0" },
      stdio: ["ignore", "inherit", "inherit"],
    });
    if (status !== 0)
      throw new Error(
        `building ${program} failed in ${moduleDirectory}; the lines above say why (it needs Go 1.26 and, the first time, the module proxy)`,
      );
    writeFileSync(stampOf(program), digest);
  }
}

export interface SuitePrograms {
  readonly e2eTest: string;
  /** Absent: the suite runs in one process. */
  readonly ginkgo: string | undefined;
  readonly kubectl: string;
}

/** What stands beside a ready e2e.test, else what the cache or PATH has. */
export function programsBeside(e2eTest: string): SuitePrograms {
  if (!existsSync(e2eTest)) throw new Error(`--e2e-test ${e2eTest}: there is no such file`);
  const find = (name: string): string | undefined =>
    [join(dirname(e2eTest), name), join(binDirectory, name), ...onPath(name)].find((path) => existsSync(path));
  const kubectl = find("kubectl");
  if (kubectl === undefined)
    throw new Error(
      `the suite runs kubectl, which is neither beside ${e2eTest} nor on PATH: install it or put it there`,
    );
  return { e2eTest, ginkgo: find("ginkgo"), kubectl };
}

export const builtPrograms = (): SuitePrograms => programsBeside(join(binDirectory, "e2e.test"));

const onPath = (name: string): string[] =>
  (process.env["PATH"] ?? "").split(":").map((directory) => join(directory, name));
