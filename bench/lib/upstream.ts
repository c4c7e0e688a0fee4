// Where upstream's programs are, and how they are started: with a bound on their memory, since they share the machine with what is measured.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { binDirectory } from "../../test/conformance/programs.ts";

export interface UpstreamPrograms {
  readonly directory: string;
  readonly etcd: string;
}

const needed = ["kube-apiserver", "kube-scheduler", "kube-controller-manager"];

/** The programs of the conformance run unless a folder is named. Yields a sentence when something is missing. */
export function findUpstream(folder: string | undefined): UpstreamPrograms | string {
  const directory = folder ?? binDirectory;
  const missing = needed.filter((name) => !existsSync(join(directory, name)));
  if (missing.length > 0)
    return `upstream is not measured: ${directory} has no ${missing.join(", ")} (npm run swap builds them, or name a folder with --upstream)`;
  const etcd = (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((path) => join(path, "etcd"))
    .find((path) => existsSync(path));
  return etcd === undefined ? "upstream is not measured: there is no etcd on PATH" : { directory, etcd };
}

const mostVirtualKb = 24_000_000;

/** Program and arguments that run it under the bound; the process keeps its id. */
export const bounded = (program: string, args: readonly string[]): readonly [string, readonly string[]] => [
  "sh",
  ["-c", `ulimit -v ${mostVirtualKb}; exec "$0" "$@"`, program, ...args],
];
