// Which objects a node's pods make it need, kept current by the watch cache.
// Upstream: plugin/pkg/auth/authorizer/node/graph.go. Paths there are at most object → pod → node, or secret → volume → claim → pod
// → node, so three tables of counted references answer what upstream asks a graph.

import {
  type PersistentVolume,
  type Pod,
  type PodCertificateRequest,
  persistentVolumes,
  podCertificateRequests,
  pods,
  type VolumeAttachment,
  volumeAttachments,
} from "../../api/index.ts";
import type { ObjectReader } from "../contract.ts";
import { podConfigMapNames, podSecretNames } from "./pod-references.ts";

export type NodeNeed =
  | "secret"
  | "configmap"
  | "persistentvolumeclaim"
  | "persistentvolume"
  | "resourceclaim"
  | "serviceaccount"
  | "pod"
  | "volumeattachment"
  | "podcertificaterequest";

export interface NodeGraph {
  needs(nodeName: string, what: NodeNeed, target: { readonly namespace: string; readonly name: string }): boolean;
  close(): void;
}

/** Counted references: object → node → how many pods there refer to it. */
class References {
  readonly #nodesByObject = new Map<string, Map<string, number>>();

  has(object: string, nodeName: string): boolean {
    return this.#nodesByObject.get(object)?.has(nodeName) ?? false;
  }
  add(object: string, nodeName: string): void {
    let nodes = this.#nodesByObject.get(object);
    if (nodes === undefined) this.#nodesByObject.set(object, (nodes = new Map()));
    nodes.set(nodeName, (nodes.get(nodeName) ?? 0) + 1);
  }
  remove(object: string, nodeName: string): void {
    const nodes = this.#nodesByObject.get(object);
    const count = nodes?.get(nodeName);
    if (nodes === undefined || count === undefined) return;
    if (count > 1) nodes.set(nodeName, count - 1);
    else if (nodes.size > 1) nodes.delete(nodeName);
    else this.#nodesByObject.delete(object);
  }
}

export function createNodeGraph(reader: ObjectReader): NodeGraph {
  const references = new References();
  const claimOfVolume = new Map<string, string>();
  const volumesOfSecret = new Map<string, Set<string>>();

  const setPod = (pod: Pod, act: "add" | "remove"): void => {
    const nodeName = pod.spec.nodeName ?? "";
    if (nodeName !== "") for (const object of needsOfPod(pod)) references[act](object, nodeName);
  };
  const setVolume = (volume: PersistentVolume, act: "add" | "delete"): void => {
    const { claimRef } = volume.spec;
    const { name } = volume.metadata;
    if (claimRef === undefined) return;
    if (act === "add")
      claimOfVolume.set(name, key("persistentvolumeclaim", claimRef.namespace ?? "", claimRef.name ?? ""));
    else claimOfVolume.delete(name);
    for (const secret of secretsOfVolume(volume)) {
      const volumes = volumesOfSecret.get(secret) ?? new Set();
      volumes[act](name);
      if (volumes.size > 0) volumesOfSecret.set(secret, volumes);
      else volumesOfSecret.delete(secret);
    }
  };
  const setAttachment = (attachment: VolumeAttachment, act: "add" | "remove"): void => {
    if (attachment.spec.nodeName !== "")
      references[act](key("volumeattachment", "", attachment.metadata.name), attachment.spec.nodeName);
  };
  const setRequest = ({ metadata, spec }: PodCertificateRequest, act: "add" | "remove"): void =>
    references[act](key("podcertificaterequest", metadata.namespace ?? "", metadata.name), spec.nodeName);
  const unsubscribe = [
    reader.subscribe(pods, {
      upsert(pod, before) {
        if (before !== undefined) {
          if (sameNeeds(before, pod)) return;
          setPod(before, "remove");
        }
        setPod(pod, "add");
      },
      remove: (pod) => setPod(pod, "remove"),
    }),
    reader.subscribe(persistentVolumes, {
      upsert(volume, before) {
        if (before !== undefined) setVolume(before, "delete");
        setVolume(volume, "add");
      },
      remove: (volume) => setVolume(volume, "delete"),
    }),
    reader.subscribe(volumeAttachments, {
      upsert(attachment, before) {
        if (before !== undefined) setAttachment(before, "remove");
        setAttachment(attachment, "add");
      },
      remove: (attachment) => setAttachment(attachment, "remove"),
    }),
    // Which node a request is of never changes.
    reader.subscribe(podCertificateRequests, {
      upsert(request, before) {
        if (before === undefined) setRequest(request, "add");
      },
      remove: (request) => setRequest(request, "remove"),
    }),
  ];

  const volumeNeeded = (nodeName: string, volume: string): boolean => {
    const claim = claimOfVolume.get(volume);
    return claim !== undefined && references.has(claim, nodeName);
  };
  return {
    needs(nodeName, what, { namespace, name }) {
      if (what === "persistentvolume") return volumeNeeded(nodeName, name);
      const object = key(what, namespace, name);
      if (references.has(object, nodeName)) return true;
      if (what !== "secret") return false;
      for (const volume of volumesOfSecret.get(object) ?? []) if (volumeNeeded(nodeName, volume)) return true;
      return false;
    },
    close() {
      for (const stop of unsubscribe) stop();
    },
  };
}

const key = (what: NodeNeed, namespace: string, name: string): string => `${what}/${namespace}/${name}`;

/** A bound pod's references change by ephemeral containers and claim statuses alone; status updates are the common case. */
const sameNeeds = (before: Pod, after: Pod): boolean =>
  before.spec === after.spec
    ? before.status === after.status
    : before.metadata.uid === after.metadata.uid &&
      before.spec.nodeName === after.spec.nodeName &&
      (before.spec.ephemeralContainers?.length ?? 0) === (after.spec.ephemeralContainers?.length ?? 0) &&
      JSON.stringify([before.status?.resourceClaimStatuses, before.status?.extendedResourceClaimStatus]) ===
        JSON.stringify([after.status?.resourceClaimStatuses, after.status?.extendedResourceClaimStatus]);

function needsOfPod(pod: Pod): Set<string> {
  const { spec, status, metadata } = pod;
  const namespace = metadata.namespace ?? "";
  const found = new Set<string>();
  const need = (what: NodeNeed, name: string | undefined): void => {
    if (name) found.add(key(what, namespace, name));
  };
  need("pod", metadata.name);
  // A node that could make a pod with references could read anything, so mirror pods give nothing.
  if (metadata.annotations?.["kubernetes.io/config.mirror"] !== undefined) return found;
  need("serviceaccount", spec.serviceAccountName);
  for (const name of podSecretNames(pod)) need("secret", name);
  for (const name of podConfigMapNames(pod)) need("configmap", name);
  for (const volume of spec.volumes ?? [])
    need(
      "persistentvolumeclaim",
      volume.persistentVolumeClaim?.claimName ?? (volume.ephemeral && `${metadata.name}-${volume.name}`),
    );
  const made = new Map((status?.resourceClaimStatuses ?? []).map((each) => [each.name, each.resourceClaimName]));
  for (const claim of spec.resourceClaims ?? []) need("resourceclaim", claim.resourceClaimName ?? made.get(claim.name));
  need("resourceclaim", status?.extendedResourceClaimStatus?.resourceClaimName);
  return found;
}

/** Secrets that the kubelet reads for a bound volume. Upstream: pkg/api/persistentvolume VisitPVSecretNames, kubeletVisible. */
function secretsOfVolume({ spec }: PersistentVolume): string[] {
  const claimNamespace = spec.claimRef?.namespace ?? "";
  const found: string[] = [];
  const need = (reference: { name?: string; namespace?: string } | undefined): void => {
    if (reference?.name) found.push(key("secret", reference.namespace || claimNamespace, reference.name));
  };
  if (spec.azureFile?.secretName)
    need({ name: spec.azureFile.secretName, namespace: spec.azureFile.secretNamespace ?? "" });
  need(spec.cephfs?.secretRef);
  need(spec.cinder?.secretRef);
  need(spec.flexVolume?.secretRef);
  need(spec.rbd?.secretRef);
  need(spec.scaleIO?.secretRef);
  need(spec.iscsi?.secretRef);
  need(spec.storageos?.secretRef);
  need(spec.csi?.nodePublishSecretRef);
  need(spec.csi?.nodeStageSecretRef);
  need(spec.csi?.nodeExpandSecretRef);
  return found;
}
