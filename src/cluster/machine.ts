// What this machine can do, and how what it lacks is brought.
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";

/** Full path of a program on PATH or in the system directories that a user's PATH may lack. */
export function findProgram(name: string): string | undefined {
  const directories = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/local/sbin", "/usr/sbin", "/sbin"];
  for (const directory of directories) {
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not here: the next directory
    }
  }
  return undefined;
}

const pluginDirectories = ["/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni"];

/** Directory that holds the standard CNI plugins. */
export const findCniPlugins = (): string | undefined =>
  pluginDirectories.find((directory) =>
    ["bridge", "host-local", "loopback"].every((name) => existsSync(join(directory, name))),
  );

interface Need {
  readonly package: string;
  readonly present: () => boolean;
}

/** What real containers need of the operating system, by Debian package. */
const needs: readonly Need[] = [
  { package: "containerd", present: () => findProgram("containerd") !== undefined },
  { package: "runc", present: () => findProgram("runc") !== undefined },
  { package: "containernetworking-plugins", present: () => findCniPlugins() !== undefined },
  { package: "nftables", present: () => findProgram("nft") !== undefined },
  { package: "iproute2", present: () => findProgram("ip") !== undefined },
  { package: "conntrack", present: () => findProgram("conntrack") !== undefined },
  { package: "busybox-static", present: () => findBusybox() !== undefined },
];

/** A statically linked busybox: the content of the images that are built on the spot. */
export function findBusybox(): string | undefined {
  for (const path of ["/bin/busybox", "/usr/bin/busybox"]) {
    try {
      // A dynamically linked program names its interpreter near the start of the file.
      const head = readFileSync(path).subarray(0, 4096).toString("latin1");
      if (!head.includes("/ld-linux") && !head.includes("/ld-musl")) return path;
    } catch {
      // not here: the next place
    }
  }
  return undefined;
}

export type ContainerSupport =
  | { readonly possible: true; readonly missing: readonly string[] }
  /** One sentence for the person at the keyboard. */
  | { readonly possible: false; readonly why: string };

export function containerSupport(): ContainerSupport {
  if (process.platform !== "linux")
    return { possible: false, why: `containers need Linux and this is ${process.platform}` };
  if (process.getuid?.() !== 0) return { possible: false, why: "containers need root" };
  if (!existsSync("/sys/fs/cgroup/cgroup.controllers") && !existsSync("/sys/fs/cgroup/memory"))
    return { possible: false, why: "no cgroups are mounted at /sys/fs/cgroup" };
  const missing = needs.filter((need) => !need.present()).map((need) => need.package);
  if (missing.length > 0 && findProgram("apt-get") === undefined)
    return {
      possible: false,
      why: `${missing.join(", ")} missing and there is no apt-get to install ${missing.length === 1 ? "it" : "them"}`,
    };
  return { possible: true, missing };
}

/** Installs Debian packages; throws with one sentence that says what could not be had and how to get it. */
export function installPackages(packages: readonly string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  // A package that starts its service on installation would bring a second containerd: policy-rc.d semantics by RUNLEVEL.
  const run = (args: readonly string[]): SpawnSyncReturns<string> =>
    spawnSync("apt-get", ["-o", "DPkg::Lock::Timeout=60", ...args], {
      env: { ...env, RUNLEVEL: "1" },
      encoding: "utf8",
    });
  const install = ["install", "-y", "--no-install-recommends", ...packages];
  let result = run(install);
  if (result.status !== 0) {
    run(["update"]);
    result = run(install);
  }
  if (result.status !== 0) {
    const reason = (result.stderr || result.stdout || String(result.error)).trim().split("\n").at(-1);
    throw new Error(
      `could not install ${packages.join(", ")} (${reason}); run "apt-get update && apt-get install ${packages.join(" ")}" and start again`,
    );
  }
}

export const bootId = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
