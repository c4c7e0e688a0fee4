// The conformance images, built on this machine and loaded into a containerd. Nothing is pulled: tests find the images present.
//   node test/conformance/images/build.ts [--socket SOCKET] [--bin DIRECTORY] [--cache DIRECTORY]
// builds what is missing, and with --socket imports all images into that containerd's `k8s.io` namespace.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { debianSource } from "./debian.ts";
import { leftOut, madeReferences, makeImages } from "./images.ts";
import { archiveOf, digestReference, removeOthers } from "./oci.ts";

export interface BuiltImage {
  readonly reference: string;
  /** Manifest digest, `sha256:…`. */
  readonly digest: string;
  /** `<repository>@<digest>`: the imageID that the kubelet reports. */
  readonly digestReference: string;
  /** The archive that holds the image; images that share layers share an archive. */
  readonly tar: string;
}

export interface BuildOptions {
  /** Upstream's programs: agnhost, nonewprivs, sample-apiserver; etcd where there is one. */
  readonly binDir: string;
  readonly cacheDir: string;
  readonly log?: (line: string) => void;
}

const cacheHome = (): string => join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "t8s", "conformance");
const defaultImageCache = (): string => join(cacheHome(), "images");
const defaultBinDir = (): string => join(cacheHome(), "bin");

/** Builds what is missing or out of date below `cacheDir`. Needs root, debootstrap and Debian's apt sources the first time. */
export async function buildImages({ binDir, cacheDir, log = () => undefined }: BuildOptions): Promise<BuiltImage[]> {
  const recipes = await makeImages({ store: cacheDir, source: await debianSource(), binDir }, log);
  const archive = await archiveOf(cacheDir, "images", recipes);
  removeOthers(cacheDir, "images", archive);
  return recipes.map(({ reference }) => {
    const digest = archive.digests.get(reference);
    if (digest === undefined) throw new Error(`${archive.path} has no ${reference}`);
    return { reference, digest, digestReference: digestReference(reference, digest), tar: archive.path };
  });
}

export interface Containerd {
  /** Path of containerd's socket. */
  readonly socket: string;
  /** The ctr program; the one on PATH when not given. */
  readonly ctr?: string;
}

async function runCtr({ socket, ctr = "ctr" }: Containerd, args: readonly string[]): Promise<string> {
  const child = spawn(ctr, ["-a", socket, "-n", "k8s.io", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`ctr ${args.join(" ")} at ${socket} failed: ${errors.trim()}`);
  return output;
}

/** Loads the images that the containerd does not hold, by tag and by digest, yet. */
export async function importImages(images: readonly BuiltImage[], containerd: Containerd): Promise<void> {
  const list = await runCtr(containerd, ["images", "list"]);
  const held = new Map(
    list
      .split("\n")
      .map((line) => line.split(/\s+/))
      .map(([name = "", , digest]) => [name, digest]),
  );
  const isHeld = ({ reference, digest, digestReference }: BuiltImage): boolean =>
    [reference, digestReference].every((name) => held.get(name) === digest);
  const tars = new Set(images.filter((image) => !isHeld(image)).map((image) => image.tar));
  for (const tar of tars) await runCtr(containerd, ["images", "import", tar]);
}

/** Images that this e2e.test names and that are neither made nor left out on purpose. */
function unknownImages(e2eTest: string): string[] {
  const listed = spawnSync(e2eTest, ["--list-images"], { encoding: "utf8", cwd: dirname(e2eTest) });
  if (listed.status !== 0) throw new Error(`${e2eTest} --list-images failed: ${listed.stderr.trim()}`);
  const left = Object.keys(leftOut);
  return listed.stdout
    .split("\n")
    .map((line) => line.trim())
    .filter(
      (line) => line.includes("/") && !madeReferences.includes(line) && !left.some((name) => line.startsWith(name)),
    );
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { socket: { type: "string" }, bin: { type: "string" }, cache: { type: "string" } },
  });
  const binDir = values.bin ?? defaultBinDir();
  const log = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  const images = await buildImages({ binDir, cacheDir: values.cache ?? defaultImageCache(), log });
  log(`archive ${images[0]?.tar ?? ""}`);
  if (existsSync(join(binDir, "e2e.test")))
    for (const name of unknownImages(join(binDir, "e2e.test"))) log(`not made: ${name}`);
  if (values.socket !== undefined) {
    await importImages(images, { socket: values.socket });
    log(`imported ${images.length} images into ${values.socket}`);
  }
}

if (import.meta.main) await main();
