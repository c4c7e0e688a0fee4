// What tests with a real containerd need: one of their own, and an image made on the spot from the machine's static busybox.
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { access, copyFile, mkdir, mkdtemp, readFile, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemClock } from "../../base/index.ts";
import { type OwnContainerd, startContainerd } from "./containerd.fixture.ts";

export const testImage = "t8s.test/busybox:1";

const cniDirectories = ["/usr/lib/cni", "/opt/cni/bin"];

/** Why containers cannot run here, or undefined. */
export async function whyNoContainers(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "needs root";
  for (const binary of ["/usr/bin/containerd", "/bin/busybox"])
    if (!(await there(binary))) return `${binary} is not installed`;
  return (await cniDirectory()) === undefined ? "CNI plugins are not installed" : undefined;
}

const there = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

async function cniDirectory(): Promise<string | undefined> {
  for (const directory of cniDirectories) if (await there(join(directory, "bridge"))) return directory;
  return undefined;
}

export interface TestContainerd extends OwnContainerd {
  readonly directory: string;
  /** Imports one more image of the same kind, under another name and with another id. */
  addImage(name: string): Promise<void>;
}

export async function testContainerd(): Promise<TestContainerd> {
  const directory = await mkdtemp(join(tmpdir(), "t8s-containerd-"));
  const mark = randomBytes(3);
  const containerd = await startContainerd({
    ...{
      directory,
      sandboxImage: testImage,
      bridge: `t8st${mark.toString("hex")}`,
      podCidr: `10.${200 + (mark[0]! % 50)}.${mark[1]}.0/24`,
    },
    ...{ cniBinDirectory: (await cniDirectory())!, snapshotter: "native", log: silentLogger, clock: systemClock },
  });
  await containerd.importImage(await busyboxImage(directory));
  const addImage = async (name: string): Promise<void> => containerd.importImage(await busyboxImage(directory, name));
  return { ...containerd, directory, addImage };
}

/** A `docker save` archive: busybox and its links, which sleeps when it is told nothing. */
async function busyboxImage(directory: string, name = testImage): Promise<string> {
  const root = join(directory, `image-${name.replaceAll(/[^a-z0-9]/g, "-")}`);
  await mkdir(join(root, "layer/bin"), { recursive: true });
  for (const each of ["etc", "tmp", "proc", "sys", "dev", "root"])
    await mkdir(join(root, "layer", each), { recursive: true });
  await copyFile("/bin/busybox", join(root, "layer/bin/busybox"));
  for (const name of [
    "sh",
    "sleep",
    "echo",
    "cat",
    "ls",
    "id",
    "true",
    "false",
    "hostname",
    "nc",
    "stat",
    "wget",
    "httpd",
    "mkdir",
    "env",
    "kill",
  ])
    await symlink("busybox", join(root, "layer/bin", name));
  await writeFile(
    join(root, "layer/etc/passwd"),
    "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n",
  );
  await writeFile(join(root, "layer/etc/image"), `${name}\n`);
  await writeFile(join(root, "layer/etc/group"), "root:x:0:\nnobody:x:65534:\n");
  execFileSync("tar", ["-C", join(root, "layer"), "--owner=0", "--group=0", "-cf", join(root, "layer.tar"), "."]);
  const digest = createHash("sha256")
    .update(await readFile(join(root, "layer.tar")))
    .digest("hex");
  const config = {
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
    os: "linux",
    config: { Env: ["PATH=/bin"], Cmd: ["/bin/sleep", "2147483647"] },
    rootfs: { type: "layers", diff_ids: [`sha256:${digest}`] },
  };
  await writeFile(join(root, "config.json"), JSON.stringify(config));
  await writeFile(
    join(root, "manifest.json"),
    JSON.stringify([{ Config: "config.json", RepoTags: [name], Layers: ["layer.tar"] }]),
  );
  execFileSync("tar", ["-C", root, "-cf", `${root}.tar`, "manifest.json", "config.json", "layer.tar"]);
  return `${root}.tar`;
}
