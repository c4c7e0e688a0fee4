// Local volumes: a directory of this node, shown to each pod by a mount of its own; or a block device, which is mounted once for all
// pods, or given to containers as it is. Upstream: pkg/volume/local/local.go.
import type { PersistentVolume, Pod } from "../../api/index.ts";
import { type KubeletContext, podEvent } from "../context.ts";
import { pluginDirectory, volumeDevicesDirectory, volumeDirectory } from "../paths.ts";
import { podUid } from "../pod.ts";
import { applyGroup } from "./ownership.ts";

const plugin = "kubernetes.io/local-volume";
const podPlugin = "kubernetes.io~local-volume";

export interface LocalVolume {
  readonly pod: Pod;
  readonly persistent: PersistentVolume;
  readonly readonly: boolean;
}

const sourceOf = ({ persistent }: LocalVolume): string => persistent.spec.local!.path;

/** Where a volume on a block device is mounted for all pods. */
const devicePath = (context: KubeletContext, name: string): string =>
  `${pluginDirectory(context.config, plugin)}/mounts/${name}`;

export async function kindOfLocal(context: KubeletContext, volume: LocalVolume): Promise<"directory" | "block"> {
  const source = sourceOf(volume);
  const stat = await context.host.files.stat(source);
  if (stat === undefined) throw new Error(`path ${JSON.stringify(source)} does not exist`);
  if (stat.type === "directory" || stat.type === "block") return stat.type;
  throw new Error("only directory and block device are supported");
}

/** Mounts the device, unless it is mounted. */
export async function stageLocal(context: KubeletContext, volume: LocalVolume): Promise<string> {
  const source = sourceOf(volume);
  const { name } = volume.persistent.metadata;
  const path = devicePath(context, name);
  const { files, mounts } = context.host;
  if ((await mounts.below(path)).includes(path)) return path;
  await files.makeDirectory(path, 0o750);
  const { mountOptions: options = [], local } = volume.persistent.spec;
  const fsType = local?.fsType ?? "ext4";
  try {
    await mounts.device(source, path, { fsType, readonly: volume.readonly, options });
  } catch (error) {
    await files.remove(path);
    const what = error instanceof Error ? error.message : String(error);
    throw new Error(`local: failed to mount device ${source} at ${path} (fstype: ${fsType}), error ${what}`, {
      cause: error,
    });
  }
  return path;
}

/** Shows the staged directory in the pod's own; tells when another pod gave the volume to another group. */
export async function mountLocal(context: KubeletContext, volume: LocalVolume, staged: string): Promise<string> {
  const { pod, persistent, readonly } = volume;
  const { files, mounts } = context.host;
  const { name } = persistent.metadata;
  if (staged.split("/").includes("..")) throw new Error(`invalid path: ${staged} must not contain '..'`);
  const path = volumeDirectory(context.config, podUid(pod), { plugin: podPlugin, name });
  if ((await mounts.below(path)).includes(path)) return path;
  const others = await mountsOfPods(context, staged);
  const group = pod.spec.securityContext?.fsGroup;
  if (group !== undefined && others.length > 0) {
    const owner = (await files.stat(staged))?.gid;
    if (owner !== group)
      podEvent(context, pod, {
        type: "Warning",
        reason: "AlreadyMountedVolume",
        message: `The requested fsGroup is ${group}, but the volume ${name} has GID ${owner}. The volume may not be shareable.`,
      });
  }
  await files.makeDirectory(path, 0o750);
  try {
    await mounts.bind(staged, path, { readonly, options: persistent.spec.mountOptions ?? [] });
  } catch (error) {
    await files.remove(path);
    throw error;
  }
  // The first pod's group stays: a second one would take the volume away from the first.
  if (!readonly && others.length === 0) await applyGroup(files, pod, { path, readonly });
  return path;
}

async function mountsOfPods({ host, config }: KubeletContext, path: string): Promise<string[]> {
  const found = await host.mounts.references(path);
  return found.filter((each) => each.startsWith(`${config.rootDirectory}/pods/`));
}

/** Takes the mount of the device away when no pod shows it any more. */
export async function unstageLocal(context: KubeletContext, name: string): Promise<void> {
  const path = devicePath(context, name);
  const { files, mounts } = context.host;
  if ((await files.stat(path)) === undefined) return;
  if ((await mountsOfPods(context, path)).length > 0) return;
  await mounts.unmount(path);
  await files.remove(path);
}

/** Names of volumes whose devices are mounted, whoever uses them. */
export async function stagedLocals({ host, config }: KubeletContext): Promise<readonly string[]> {
  const directory = `${pluginDirectory(config, plugin)}/mounts`;
  return (await host.files.stat(directory)) === undefined ? [] : host.files.list(directory);
}

/** Links the device into the pod's directory: the runtime is given the link. */
export async function mapLocal(context: KubeletContext, volume: LocalVolume): Promise<string> {
  const { files } = context.host;
  const { pod, persistent } = volume;
  const source = sourceOf(volume);
  const stat = await files.stat(source);
  if (stat === undefined)
    throw new Error(
      `MapVolume.EvalHostSymlinks failed for volume ${JSON.stringify(persistent.metadata.name)} : lstat ${source}: no such file or directory`,
    );
  const device = await files.realPath(source);
  const directory = `${volumeDevicesDirectory(context.config, podUid(pod))}/${podPlugin}`;
  const link = `${directory}/${persistent.metadata.name}`;
  if ((await files.linkStat(link)) !== undefined) {
    if ((await files.readLink(link)) === device) return link;
    await files.remove(link);
  }
  await files.makeDirectory(directory, 0o750);
  await files.symlink(device, link);
  const globalMapPath = `${pluginDirectory(context.config, podPlugin)}/volumeDevices/${persistent.metadata.name}`;
  for (const place of [`globalMapPath ${JSON.stringify(globalMapPath)}`, `volumeMapPath ${JSON.stringify(directory)}`])
    podEvent(context, pod, {
      type: "Normal",
      reason: "SuccessfulMountVolume",
      message: `MapVolume.MapPodDevice succeeded for volume ${JSON.stringify(persistent.metadata.name)} ${place}`,
    });
  return link;
}
