// NFS: the server's directory is mounted for each pod by the machine's mount.nfs. Upstream: pkg/volume/nfs.
import type { NFSVolumeSource, Pod } from "../../api/index.ts";
import type { KubeletContext } from "../context.ts";
import { volumeDirectory } from "../paths.ts";
import { podUid } from "../pod.ts";

export interface NfsVolume {
  readonly pod: Pod;
  /** Of the persistent volume, or of the pod's own volume. */
  readonly name: string;
  readonly source: NFSVolumeSource;
  readonly readonly: boolean;
  readonly options: readonly string[];
}

/** The pod's directory. Ownership stays as the server has it. */
export async function mountNfs({ host, config }: KubeletContext, volume: NfsVolume): Promise<string> {
  const { server, path: exported } = volume.source;
  const path = volumeDirectory(config, podUid(volume.pod), { plugin: "kubernetes.io~nfs", name: volume.name });
  if ((await host.mounts.below(path)).includes(path)) return path;
  await host.files.makeDirectory(path, 0o750);
  const address = server.includes(":") && !server.startsWith("[") ? `[${server}]` : server;
  const options = [...new Set([...(volume.readonly ? ["ro"] : []), ...volume.options])].sort();
  try {
    await host.mounts.network(`${address}:${exported}`, path, { type: "nfs", options });
  } catch (error) {
    await host.mounts.unmount(path);
    await host.files.remove(path);
    throw error;
  }
  return path;
}
