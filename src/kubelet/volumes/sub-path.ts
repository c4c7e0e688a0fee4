// subPath: one directory or file of a volume, pinned by a bind mount so that a symlink swapped later leads nowhere else. Upstream:
// pkg/volume/util/subpath.
import type { VolumeMount } from "../../api/index.ts";
import type { KubeletContext } from "../context.ts";
import { subPathsDirectory } from "../paths.ts";
import type { MountedVolume } from "./volume.ts";

export interface SubPathRequest {
  readonly uid: string;
  readonly container: string;
  readonly mount: VolumeMount;
  readonly subPath: string;
  readonly volume: MountedVolume;
}

export async function safeSubPath(context: KubeletContext, request: SubPathRequest): Promise<string> {
  const { files, mounts } = context.host;
  const { uid, container, mount, subPath, volume } = request;
  const names = `${JSON.stringify(mount.name)} of container ${JSON.stringify(container)}`;
  const root = await files.realPath(volume.path);
  const wanted = `${root}/${subPath}`;
  const inside = (path: string): boolean => path === root || path.startsWith(`${root}/`);
  if ((await files.stat(wanted)) === undefined) {
    // Made part by part: a link on the way must not lead out of the volume.
    const mode = (await files.stat(root))?.mode ?? 0o755;
    let at = root;
    for (const part of subPath.split("/").filter((each) => each !== "" && each !== ".")) {
      at = `${at}/${part}`;
      if ((await files.stat(at)) === undefined) await files.makeDirectory(at, mode);
      at = await files.realPath(at);
      if (!inside(at)) throw new Error(`failed to create subPath directory for volumeMount ${names}`);
    }
  }
  const source = await files.realPath(wanted);
  if (!inside(source)) throw new Error(`failed to prepare subPath for volumeMount ${names}`);
  const index = mount.mountPath.replaceAll("/", "_");
  const directory = `${subPathsDirectory(context.config, uid)}/${mount.name}/${container}`;
  const target = `${directory}/${index}`;
  await files.makeDirectory(directory, 0o750);
  await mounts.unmount(target);
  await files.remove(target);
  if ((await files.stat(source))?.type === "directory") await files.makeDirectory(target, 0o750);
  else await files.write(target, new Uint8Array(), 0o640);
  await mounts.bind(source, target, { readonly: false });
  return target;
}
