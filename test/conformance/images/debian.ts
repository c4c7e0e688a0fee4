// Root file systems out of Debian's own packages, which the machine's apt sources name: no registry is asked.
import { execFile } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

async function run(command: string, args: readonly string[], cwd?: string): Promise<string> {
  try {
    const { stdout } = await execute(command, [...args], {
      ...(cwd === undefined ? {} : { cwd }),
      env: {
        PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        LC_ALL: "C",
        DEBIAN_FRONTEND: "noninteractive",
      },
      maxBuffer: 64 << 20,
    });
    return stdout;
  } catch (error) {
    const { stdout = "", stderr = "", code } = error as { stdout?: string; stderr?: string; code?: unknown };
    if (code === "ENOENT") throw new Error(missing(command), { cause: error });
    const words = `${stdout}\n${stderr}`.trim().split("\n").slice(-8).join("\n");
    const hint = mirrored.includes(command) ? " (it needs the mirror that this machine's apt sources name)" : "";
    throw new Error(`${command} ${args[0] ?? ""} failed${hint}:\n${words}`, { cause: error });
  }
}

const mirrored = ["debootstrap", "apt-get"];

const missing = (command: string): string =>
  command === "debootstrap"
    ? "debootstrap is not installed: apt-get install debootstrap"
    : `${command} is not there: the images are made of Debian's packages, so this needs Debian`;

export interface DebianSource {
  readonly mirror: string;
  /** `bookworm` */
  readonly codename: string;
}

/** The Debian archive that this machine installs from. */
export async function debianSource(): Promise<DebianSource> {
  const codename = /^VERSION_CODENAME=(\S+)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
  const targets = await run("apt-get", [
    "indextargets",
    "--format",
    "$(LABEL)|$(CODENAME)|$(COMPONENT)|$(REPO_URI)",
    "Created-By: Packages",
  ]);
  for (const line of targets.split("\n")) {
    const [label, name, component, mirror] = line.split("|");
    if (label === "Debian" && name === codename && component === "main" && codename && mirror)
      return { mirror, codename };
  }
  throw new Error("the apt sources of this machine name no Debian archive of its own release: the images need Debian");
}

/** Unpacks packages (not what they depend on, and without their scripts) below `directory`. */
export async function unpackPackages(directory: string, packages: readonly string[]): Promise<void> {
  const downloads = mkdtempSync(join(tmpdir(), "t8s-packages-"));
  try {
    await run("apt-get", ["download", "-o", "APT::Sandbox::User=root", ...packages], downloads);
    for (const file of readdirSync(downloads)) await run("dpkg-deb", ["--extract", join(downloads, file), directory]);
  } finally {
    rmSync(downloads, { recursive: true, force: true });
  }
}

const exists = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

/** Links every applet of `<root><busybox>` that no program in the given folders has already. */
export async function linkApplets(
  root: string,
  { busybox, into, folders }: { busybox: string; into: string; folders: readonly string[] },
): Promise<void> {
  const applets = (await run(join(root, busybox), ["--list"])).trim().split("\n");
  for (const applet of applets)
    if (![into, ...folders].some((folder) => exists(join(root, folder, applet))))
      symlinkSync(busybox, join(root, into, applet));
}

/** What an image needs none of. */
const ballast = [
  "usr/share/doc",
  "usr/share/man",
  "usr/share/info",
  "usr/share/locale",
  "usr/share/zoneinfo",
  "usr/share/bash-completion",
  "var/cache/apt",
  "var/lib/apt/lists",
  "var/log",
];

/** A minimal Debian with the given packages installed; /bin/sh is bash, which keeps any name in the environment. */
export async function installDebian(
  directory: string,
  { source, packages }: { source: DebianSource; packages: readonly string[] },
): Promise<void> {
  await run("debootstrap", [
    "--variant=minbase",
    `--include=${packages.join(",")}`,
    ...[source.codename, directory, source.mirror],
  ]);
  for (const path of ballast) {
    rmSync(join(directory, path), { recursive: true, force: true });
    mkdirSync(join(directory, path), { recursive: true });
  }
  mkdirSync(join(directory, "var/lib/apt/lists/partial"), { recursive: true });
  mkdirSync(join(directory, "var/cache/apt/archives/partial"), { recursive: true });
  const devices = join(directory, "dev");
  for (const name of readdirSync(devices)) rmSync(join(devices, name), { recursive: true, force: true });
  for (const name of ["hostname", "resolv.conf", "machine-id"]) rmSync(join(directory, "etc", name), { force: true });
  for (const shell of ["usr/bin/sh"]) {
    rmSync(join(directory, shell), { force: true });
    symlinkSync("bash", join(directory, shell));
  }
  if (existsSync(join(directory, "usr/bin/busybox")))
    await linkApplets(directory, {
      busybox: "/usr/bin/busybox",
      into: "usr/bin",
      folders: ["usr/sbin", "usr/local/bin", "usr/local/sbin", "bin", "sbin"],
    });
}

/** Adds users and groups as `passwd` and `group` lines. */
export function addAccounts(
  directory: string,
  accounts: { users: readonly string[]; groups: readonly string[] },
): void {
  const write = (file: string, lines: readonly string[]): void => {
    if (lines.length > 0) appendFileSync(join(directory, "etc", file), lines.map((line) => `${line}\n`).join(""));
  };
  write("passwd", accounts.users);
  write("group", accounts.groups);
}
