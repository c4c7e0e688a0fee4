// Defaults of pods and of the pod templates in workloads. Upstream: pkg/apis/core/v1/defaults.go and its generated callers,
// pkg/apis/core/v1/conversion.go for fields that mirror each other.
import type {
  Container,
  EphemeralContainer,
  PersistentVolumeClaimSpec,
  Pod,
  PodSpec,
  PodTemplateSpec,
  Probe,
  Volume,
} from "../../../../facts/types/core.v1.ts";
import { markEmpty, sentEmpty } from "../../../machinery/index.ts";
import { type ResourceList, roundResourceList } from "../resources.ts";
import { defaultPullPolicy } from "./image.ts";
import { defaultPodResources } from "./pod-resources.ts";

type AnyContainer = Container | EphemeralContainer;

/** A pod template of a workload. Requests are not derived from limits here: that happens when the pod is made. */
export function defaultPodTemplate(template: PodTemplateSpec | undefined): void {
  if (template === undefined) return;
  dropAnnotations(template.metadata);
  // An empty list asks for a new beginning of an object alone; here it is none.
  if (template.metadata?.managedFields?.length === 0) delete template.metadata.managedFields;
  const spec = (template.spec ??= {} as PodSpec);
  defaultPodSpec(spec);
}

/** Requests, with the limits where nothing is requested. */
function requestsOf(limits: ResourceList, requests: ResourceList | undefined): ResourceList {
  const all: ResourceList = {};
  for (const name in limits) all[name] = limits[name] as string;
  for (const name in requests) all[name] = requests[name] as string;
  return all;
}

/** A whole pod. */
export function defaultPod(pod: Pod): void {
  const spec = (pod.spec ??= {} as PodSpec);
  dropAnnotations(pod.metadata);
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    const { resources } = container;
    if (resources?.limits !== undefined) resources.requests = requestsOf(resources.limits, resources.requests);
    else if (resources !== undefined && sentEmpty(resources, "limits") && resources.requests === undefined)
      markEmpty(resources, "requests");
  }
  defaultPodResources(spec);
  spec.enableServiceLinks ??= true;
  if (spec.hostNetwork) {
    for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])])
      for (const port of container.ports ?? []) port.hostPort ||= port.containerPort;
  }
  defaultPodSpec(spec);
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) spec.terminationGracePeriodSeconds = 1;
  mirrorPodIPs(pod);
}

function mirrorPodIPs({ status }: Pod): void {
  if (status === undefined) return;
  if (status.podIP && status.podIP !== status.podIPs?.[0]?.ip) status.podIPs = [{ ip: status.podIP }];
  const first = status.podIPs?.[0]?.ip;
  if (first) status.podIP = first;
}

/** What pods and templates have in common. */
function defaultPodSpec(spec: PodSpec): void {
  spec.dnsPolicy ||= "ClusterFirst";
  spec.restartPolicy ||= "Always";
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  spec.schedulerName ||= "default-scheduler";
  const serviceAccount = spec.serviceAccountName || spec.serviceAccount;
  if (serviceAccount) {
    spec.serviceAccountName = serviceAccount;
    spec.serviceAccount = serviceAccount;
  }
  for (const volume of spec.volumes ?? []) defaultVolume(volume);
  for (const container of spec.initContainers ?? []) defaultContainer(container);
  for (const container of spec.containers ?? []) defaultContainer(container);
  for (const container of spec.ephemeralContainers ?? []) defaultContainer(container);
  roundResourceList(spec.overhead);
  roundResourceList(spec.resources?.limits);
  roundResourceList(spec.resources?.requests);
}

function defaultContainer(container: AnyContainer): void {
  container.imagePullPolicy ||= defaultPullPolicy(container.image ?? "");
  container.terminationMessagePath ||= "/dev/termination-log";
  container.terminationMessagePolicy ||= "File";
  for (const port of container.ports ?? []) port.protocol ||= "TCP";
  for (const variable of container.env ?? []) {
    if (variable.valueFrom?.fieldRef) variable.valueFrom.fieldRef.apiVersion ||= "v1";
    if (variable.valueFrom?.fileKeyRef) variable.valueFrom.fileKeyRef.optional ??= false;
  }
  roundResourceList(container.resources?.limits);
  roundResourceList(container.resources?.requests);
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) defaultProbe(probe);
  for (const hook of [container.lifecycle?.postStart, container.lifecycle?.preStop]) defaultHttpGet(hook?.httpGet);
}

function defaultProbe(probe: Probe | undefined): void {
  if (probe === undefined) return;
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  defaultHttpGet(probe.httpGet);
  if (probe.grpc !== undefined) probe.grpc.service ??= "";
}

function defaultHttpGet(action: Probe["httpGet"]): void {
  if (action === undefined) return;
  action.path ||= "/";
  action.scheme ||= "HTTP";
}

const volumeSources = (volume: Volume): string[] =>
  Object.keys(volume).filter((key) => key !== "name" && volume[key as keyof Volume] != null);

/** 0644 */
const readableMode = 420;

function defaultVolume(volume: Volume): void {
  if (volumeSources(volume).length === 0) volume.emptyDir = {};
  if (volume.hostPath) volume.hostPath.type ??= "";
  if (volume.secret) volume.secret.defaultMode ??= readableMode;
  if (volume.configMap) volume.configMap.defaultMode ??= readableMode;
  if (volume.downwardAPI) {
    volume.downwardAPI.defaultMode ??= readableMode;
    defaultDownwardItems(volume.downwardAPI.items);
  }
  if (volume.projected) {
    volume.projected.defaultMode ??= readableMode;
    for (const source of volume.projected.sources ?? []) {
      defaultDownwardItems(source.downwardAPI?.items);
      if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= 3600;
    }
  }
  if (volume.image) volume.image.pullPolicy ||= defaultPullPolicy(volume.image.reference ?? "");
  if (volume.ephemeral?.volumeClaimTemplate?.spec) defaultClaimSpec(volume.ephemeral.volumeClaimTemplate.spec);
  defaultDisks(volume);
}

const defaultDownwardItems = (items: NonNullable<Volume["downwardAPI"]>["items"]): void =>
  items?.forEach((each) => {
    if (each.fieldRef) each.fieldRef.apiVersion ||= "v1";
  });

type Disks = Pick<Volume, "iscsi" | "rbd" | "azureDisk" | "scaleIO">;

/** Block devices of pods and of PersistentVolumes (whose sources have these fields too). */
export function defaultDisks(source: Disks): void {
  if (source.iscsi) source.iscsi.iscsiInterface ||= "default";
  if (source.rbd) {
    source.rbd.pool ||= "rbd";
    source.rbd.user ||= "admin";
    source.rbd.keyring ||= "/etc/ceph/keyring";
  }
  if (source.azureDisk) {
    source.azureDisk.cachingMode ??= "ReadWrite";
    source.azureDisk.fsType ??= "ext4";
    source.azureDisk.readOnly ??= false;
    source.azureDisk.kind ??= "Shared";
  }
  if (source.scaleIO) {
    source.scaleIO.storageMode ||= "ThinProvisioned";
    source.scaleIO.fsType ||= "xfs";
  }
}

export function defaultClaimSpec(spec: PersistentVolumeClaimSpec): void {
  spec.volumeMode ??= "Filesystem";
  roundResourceList(spec.resources?.limits as ResourceList | undefined);
  roundResourceList(spec.resources?.requests as ResourceList | undefined);
}

const initContainerAnnotations = ["init-containers", "init-container-statuses"].flatMap((name) => [
  `pod.beta.kubernetes.io/${name}`,
  `pod.alpha.kubernetes.io/${name}`,
]);

/** Annotations that carried init containers before they were fields. */
function dropAnnotations(metadata: { annotations?: Record<string, string> } | undefined): void {
  for (const name of initContainerAnnotations) delete metadata?.annotations?.[name];
}
