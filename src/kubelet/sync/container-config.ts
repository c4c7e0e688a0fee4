// Configuration of one container. Upstream: kuberuntime_container.go generateContainerConfig, kubelet_pods.go makeMounts.
import type { Container, Pod, VolumeMount } from "../../api/index.ts";
import { quantityMilliValue, quantityValue } from "../../machinery/index.ts";
import type { ContainerConfig, ContainerResources, Image, Mount } from "../../runtime/index.ts";
import type { KubeletContext } from "../context.ts";
import { environmentOf, type Variable } from "../env/environment.ts";
import { expand, expandStrict } from "../env/expand.ts";
import { containerAnnotations, containerLabels } from "../labels.ts";
import { containerDirectory, containerLogPath, hostsFile } from "../paths.ts";
import { podUid, recursiveReadOnly } from "../pod.ts";
import { withPodLimits } from "../resources/allocation.ts";
import { milliCpuToQuota, milliCpuToShares, oomScoreAdjust, quotaPeriod } from "../resources/qos.ts";
import type { MountedVolumes } from "../volumes/volume.ts";
import { hostsContent, podHostname } from "./dns.ts";
import { containerSecurity, verifyNonRoot } from "./security.ts";

export interface ContainerConfigInput {
  readonly context: KubeletContext;
  readonly pod: Pod;
  readonly container: Container;
  readonly restartCount: number;
  readonly podIps: readonly string[];
  readonly imageRef: string;
  readonly volumes: MountedVolumes;
  readonly targetId?: string;
}

/** Rejects with an Error whose text becomes the message of CreateContainerConfigError. */
export async function containerConfig(input: ContainerConfigInput): Promise<ContainerConfig> {
  const { context, pod, container, restartCount } = input;
  const image = await context.runtime.imageStatus(input.imageRef);
  const env = await environment(input);
  const mounts = await mountsOf(input, env);
  verifyNonRoot(pod, container, image);
  const lookup = new Map(env.map((each) => [each.name, each.value]));
  const expanded = (words: readonly string[] | undefined): string[] =>
    (words ?? []).map((word) => expand(word, (name) => lookup.get(name)));
  return {
    name: container.name,
    attempt: restartCount,
    image: { image: input.imageRef, userSpecified: container.image ?? "" },
    command: expanded(container.command),
    args: expanded(container.args),
    workingDir: container.workingDir ?? "",
    env,
    mounts,
    devices: input.volumes.devices(container),
    labels: containerLabels(pod, container),
    annotations: containerAnnotations(pod, container, restartCount),
    logPath: containerLogPath(container.name, restartCount),
    stdin: container.stdin === true,
    stdinOnce: container.stdinOnce === true,
    tty: container.tty === true,
    resources: containerResources(context, pod, container),
    security: securityOf(input, image),
  };
}

function securityOf(
  { context, pod, container, targetId }: ContainerConfigInput,
  image: Image | undefined,
): ContainerConfig["security"] {
  return containerSecurity({
    ...{
      pod,
      container,
      image,
      seccompDefault: context.config.seccompDefault,
      seccompDirectory: `${context.config.rootDirectory}/seccomp`,
    },
    ...(targetId === undefined ? {} : { targetId }),
  });
}

function environment({ context, pod, container, podIps, volumes }: ContainerConfigInput): Promise<Variable[]> {
  return environmentOf({
    ...{ pod, container, podIps, hostIps: context.state.hostIps, objects: context.objects },
    services: context.services(),
    allocatable: (context.node()?.status?.allocatable ?? {}) as Record<string, string>,
    fileValue: (reference) => volumes.fileValue(reference),
  });
}

export function containerResources(context: KubeletContext, pod: Pod, container: Container): ContainerResources {
  const { requests, limits } = withPodLimits(container.resources ?? {}, pod.spec.resources);
  const cpuLimit = limits?.["cpu"] === undefined ? 0 : quantityMilliValue(limits["cpu"] as string);
  const cpuRequest = requests?.["cpu"] === undefined ? undefined : quantityMilliValue(requests["cpu"] as string);
  const hugepages = Object.entries({ ...pod.spec.resources?.limits, ...limits }).filter(([name]) =>
    name.startsWith("hugepages-"),
  );
  return {
    cpuShares: milliCpuToShares(cpuRequest ?? cpuLimit),
    cpuPeriod: quotaPeriod,
    cpuQuota: context.config.cpuCfsQuota ? milliCpuToQuota(cpuLimit) : 0,
    memoryLimitBytes: limits?.["memory"] === undefined ? 0 : quantityValue(limits["memory"] as string),
    oomScoreAdj: oomScoreAdjust(pod, container, context.state.memoryCapacityBytes),
    hugepageLimits: hugepages.map(([name, amount]) => ({
      pageSize: name.slice("hugepages-".length).replace(/i$/, "B"),
      limitBytes: quantityValue(amount as string),
    })),
    ...(context.host.cgroups.version === 2 ? { unified: { "memory.oom.group": "1" } } : {}),
  };
}

async function mountsOf(input: ContainerConfigInput, env: readonly Variable[]): Promise<Mount[]> {
  const { context, pod, container } = input;
  if (!context.config.materializePods) return [];
  const mounts: Mount[] = [];
  for (const mount of container.volumeMounts ?? []) mounts.push(await volumeMount(input, mount, env));
  const uid = podUid(pod);
  if (
    !mounts.some((each) => each.containerPath === "/etc/hosts") &&
    (pod.spec.hostNetwork === true || input.podIps.length > 0)
  ) {
    const hostPath = hostsFile(context.config, uid);
    const nodeHosts =
      pod.spec.hostNetwork === true ? new TextDecoder().decode(await context.host.files.read("/etc/hosts")) : "";
    const content = hostsContent({
      pod,
      podIps: input.podIps,
      nodeHosts,
      ...podHostname(pod, context.config.clusterDomain),
    });
    await context.host.files.write(hostPath, new TextEncoder().encode(content), 0o644);
    mounts.push(plainMount("/etc/hosts", hostPath));
  }
  const message = container.terminationMessagePath;
  if (message !== undefined && message !== "") {
    const directory = containerDirectory(context.config, uid, container.name);
    await context.host.files.makeDirectory(directory, 0o750);
    const hostPath = `${directory}/${context.rng.uint32().toString(16).padStart(8, "0")}`;
    await context.host.files.write(hostPath, new Uint8Array(), 0o666);
    mounts.push(plainMount(message, hostPath));
  }
  return mounts;
}

const plainMount = (containerPath: string, hostPath: string): Mount => ({
  containerPath,
  hostPath,
  readonly: false,
  seLinuxRelabel: false,
  propagation: "private",
});

const propagations = { None: "private", HostToContainer: "hostToContainer", Bidirectional: "bidirectional" } as const;

async function volumeMount(input: ContainerConfigInput, mount: VolumeMount, env: readonly Variable[]): Promise<Mount> {
  const { container, volumes, context } = input;
  const volume = volumes.get(mount.name);
  if (volume === undefined)
    throw new Error(
      `cannot find volume ${JSON.stringify(mount.name)} to mount into container ${JSON.stringify(container.name)}`,
    );
  const lookup = new Map(env.map((each) => [each.name, each.value]));
  const subPath = mount.subPathExpr
    ? expandStrict(mount.subPathExpr, (name) => lookup.get(name))
    : (mount.subPath ?? "");
  if (subPath.startsWith("/")) throw new Error(`error SubPath \`${subPath}\` must not be an absolute path`);
  if (subPath.split("/").includes(".."))
    throw new Error(`unable to provision SubPath \`${subPath}\`: must not contain '..'`);
  const base = {
    containerPath: mount.mountPath.startsWith("/") ? mount.mountPath : `/${mount.mountPath}`,
    readonly: mount.readOnly === true || volume.readonly,
    recursiveReadOnly: recursiveReadOnly(mount, context.state.recursiveReadOnlySupported),
    seLinuxRelabel: false,
    propagation: propagations[mount.mountPropagation ?? "None"],
  };
  if (volume.image !== undefined) return { ...base, hostPath: "", image: { image: volume.image, subPath } };
  const hostPath = subPath === "" ? volume.path : await volumes.subPath({ container: container.name, mount, subPath });
  return { ...base, hostPath };
}
