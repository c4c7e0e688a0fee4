// Upstream's components, built once from the Go module of the conformance run and kept in the same place outside the repository.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { binDirectory } from "../conformance/programs.ts";

export { binDirectory };

const moduleDirectory = join(dirname(fileURLToPath(import.meta.url)), "..", "conformance", "go");

/** By package below k8s.io/kubernetes/cmd. */
const names = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl"];

const missingPrograms = (directory: string): string[] => names.filter((name) => !existsSync(join(directory, name)));

/** Throws when a folder that somebody named lacks one. */
export function insistOnPrograms(directory: string): void {
  const missing = missingPrograms(directory);
  if (missing.length > 0) throw new Error(`--upstream ${directory}: it has no ${missing.join(", ")}`);
}

/** Builds what is not there yet; some minutes the first time. Throws with one sentence when there is no Go. */
export function buildPrograms(): void {
  const missing = missingPrograms(binDirectory);
  if (missing.length === 0) return;
  if (spawnSync("go", ["version"]).error !== undefined)
    throw new Error(
      `upstream's ${missing.join(", ")} must be built, and there is no go on PATH: install Go 1.26 or later, or name a folder that has them with --upstream`,
    );
  mkdirSync(binDirectory, { recursive: true });
  for (const name of missing) {
    console.log(`building upstream's ${name}`);
    const { status } = spawnSync("go", ["build", "-o", join(binDirectory, name), `k8s.io/kubernetes/cmd/${name}`], {
      cwd: moduleDirectory,
      env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=mod" },
      stdio: ["ignore", "inherit", "inherit"],
    });
    if (status !== 0)
      throw new Error(
        `building ${name} failed in ${moduleDirectory}; the lines above say why (it needs Go 1.26 and, the first time, the module proxy)`,
      );
  }
}
