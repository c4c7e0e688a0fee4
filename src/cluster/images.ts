// The images that a cluster needs before any registry is asked: pause for every pod, busybox for the sample.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { buildImageArchive, type ImageDefinition, type ImageFile } from "./image.ts";
import type { NodeLayout } from "./layout.ts";
import { findBusybox, findProgram } from "./machine.ts";
import { pauseExecutable } from "./pause.ts";

export const pauseImageName = "t8s.local/pause:1";
export const busyboxImageName = "t8s.local/busybox:1";

const pauseImage = (): ImageDefinition => ({
  name: pauseImageName,
  arch: process.arch,
  files: [{ path: "pause", content: pauseExecutable(process.arch), mode: 0o755 }],
  entrypoint: ["/pause"],
  user: "65535:65535",
});

const text = (content: string): Uint8Array => new TextEncoder().encode(content);

export interface Userland {
  /** Beside those that every system has. */
  readonly directories: readonly string[];
  /** Content of /etc/passwd and /etc/group. */
  readonly passwd: string;
  readonly group: string;
}

/** The files of an image with busybox as all its programs. Throws when the machine has no static busybox. */
export function busyboxFiles({ directories, passwd, group }: Userland): ImageFile[] {
  const path = findBusybox();
  if (path === undefined) throw new Error("no static busybox is installed: apt-get install busybox-static");
  const applets = spawnSync(path, ["--list"], { encoding: "utf8" }).stdout.trim().split("\n");
  const usual = ["bin", "etc", "home", "root", "tmp", "usr", "usr/bin", "var", "dev", "proc", "sys"];
  return [
    ...[...usual, ...directories].map((directory) => ({
      path: directory,
      content: "directory" as const,
      ...(directory === "tmp" ? { mode: 0o1777 } : {}),
    })),
    { path: "bin/busybox", content: readFileSync(path), mode: 0o755 },
    ...applets
      .filter((name) => name !== "busybox")
      .map((name) => ({ path: `bin/${name}`, content: { linkTo: "/bin/busybox" } })),
    { path: "etc/passwd", content: text(passwd) },
    { path: "etc/group", content: text(group) },
  ];
}

const busyboxImage = (): ImageDefinition => ({
  name: busyboxImageName,
  arch: process.arch,
  files: busyboxFiles({
    directories: ["www"],
    passwd: "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n",
    group: "root:x:0:\nnogroup:x:65534:\n",
  }),
  command: ["sh"],
});

/** Loads an image archive into the runtime's `k8s.io` namespace. */
export async function importImage(socket: string, archive: string): Promise<void> {
  const ctr = findProgram("ctr");
  if (ctr === undefined) throw new Error("ctr, which comes with containerd, is not on PATH");
  const child = spawn(ctr, ["-a", socket, "-n", "k8s.io", "images", "import", archive], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`importing ${archive} failed: ${errors.trim()}`);
}

export type ImageOnTheSpot = "pause" | "busybox";

const archiveOf = (layout: NodeLayout, name: ImageOnTheSpot): string => join(layout.imageDirectory, `${name}.tar`);

/** Imports under way: whoever asks for the same image waits for the same one. */
const underWay = new Map<string, Promise<void>>();

/** Builds what is not there yet and imports it once for each store of the runtime. `which` names what is needed now. */
export async function provideImages(layout: NodeLayout, which: readonly ImageOnTheSpot[]): Promise<void> {
  mkdirSync(layout.imageDirectory, { recursive: true });
  await Promise.all(
    which.map((name) => {
      const archive = archiveOf(layout, name);
      const known = underWay.get(archive);
      if (known !== undefined) return known;
      const provided = provideImage(layout, name, archive);
      underWay.set(archive, provided);
      provided.catch(() => underWay.delete(archive));
      return provided;
    }),
  );
}

/** Resolves when no import of this node's images is under way, however each ended. */
export async function importsEnded(layout: NodeLayout): Promise<void> {
  const own = [...underWay].filter(([archive]) => archive.startsWith(`${layout.imageDirectory}/`));
  await Promise.allSettled(own.map(([, provided]) => provided));
}

/** Builds the archives that are not there yet: what can be done before the runtime answers. */
export async function prepareImages(layout: NodeLayout, which: readonly ImageOnTheSpot[]): Promise<void> {
  mkdirSync(layout.imageDirectory, { recursive: true });
  await Promise.all(which.map((name) => prepareImage(name, archiveOf(layout, name))));
}

async function prepareImage(name: ImageOnTheSpot, archive: string): Promise<void> {
  if (existsSync(archive)) return;
  const makers = { pause: pauseImage, busybox: busyboxImage };
  const partial = `${archive}.part`;
  writeFileSync(partial, await buildImageArchive(makers[name]()));
  renameSync(partial, archive);
}

async function provideImage(layout: NodeLayout, name: ImageOnTheSpot, archive: string): Promise<void> {
  const imported = `${archive}.imported`;
  if (existsSync(imported) && existsSync(archive)) return;
  await prepareImage(name, archive);
  await importImage(layout.containerd.socket, archive);
  writeFileSync(imported, "");
}
